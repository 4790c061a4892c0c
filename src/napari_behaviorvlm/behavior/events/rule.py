"""Merging without a model: adjacent clips that were named alike become one event.

The clips stay as they are and events refer to them, so every merge can be undone. Frames in which
the animal was not followed are never bridged.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.naming import canonical_names, with_original
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.vlm.captioning import plain

Groups = list[list[int]]


@dataclass(frozen=True)
class RuleSettings:
    """When clips are one event.

    Parameters
    ----------
    absorb : float
        Seconds; something else that lasts shorter between two stretches of one behaviour is taken
        into it. 0 = nothing is.
    alike : float
        0..1, share of common words from which two descriptions by a model count as one, whatever
        their labels. Sentences of the measured captioner are too uniform to be compared.
    """

    absorb: float = 0.0
    alike: float = 0.9

    def __post_init__(self) -> None:
        if self.absorb < 0 or not 0 < self.alike <= 1:
            raise TableError(
                f"Merging with absorb {self.absorb:g} s and alike {self.alike:g} is impossible: "
                "absorb must not be negative, and alike lies between 0 and 1."
            )


def rule_merge(
    clips: Clips, captions: Mapping[int, Caption], settings: RuleSettings | None = None,
    names: Mapping[str, str] | None = None, *, vocabulary: Vocabulary | None = None,
) -> list[Bout]:  # fmt: skip
    """Merge adjacent clips of an animal that have the same name or nearly the same description.

    Parameters
    ----------
    clips : Clips
        The over-segmentation.
    captions : mapping of int to Caption
        By row of the clip table; clips without one keep their cluster as their name.
    settings : RuleSettings, optional
        When clips are one event.
    names : mapping of str to str, optional
        Name of every label, where several recordings share them (see `canonical_names`).
    vocabulary : Vocabulary, optional
        The lab's words, where no names are given.

    Returns
    -------
    list of Bout
        Sorted as the clips; every clip is in exactly one.
    """
    settings = settings or RuleSettings()
    named = NamedClips.of(clips, captions, names, vocabulary)
    groups = merge_rows(named, list(range(len(clips))), settings)
    return [named.bout(group) for group in groups]


def merge_rows(named: "NamedClips", rows: Sequence[int], settings: RuleSettings) -> Groups:
    """Put some clips (in order) into groups that are one event each."""
    return _absorbed(_joined(named, rows, settings), named, settings.absorb * named.clips.fps)


def adjacent(clips: Clips, first: int, second: int) -> bool:
    """Whether two clips are of one animal and no frame lies between them."""
    same = clips.animal[first] == clips.animal[second]
    return bool(same and clips.end[first] + 1 == clips.start[second])


@dataclass(frozen=True, eq=False)
class NamedClips:
    """Clips with their captions and the name of every label.

    Parameters
    ----------
    clips : Clips
        The clip table.
    captions : mapping of int to Caption
        By row; a clip without one is called by its cluster.
    names : mapping of str to str
        Name of every label; a label that is missing is its own name.
    """

    clips: Clips
    captions: Mapping[int, Caption]
    names: Mapping[str, str]

    @classmethod
    def of(
        cls, clips: Clips, captions: Mapping[int, Caption],
        names: Mapping[str, str] | None = None, vocabulary: Vocabulary | None = None,
    ) -> Self:  # fmt: skip
        """Name the labels by the frames for which each was used, where no names are given."""
        bare = cls(clips, captions, names or {})
        return bare if names is not None else replace(bare, names=bare.own_names(vocabulary))

    def own_names(self, vocabulary: Vocabulary | None = None) -> dict[str, str]:
        """One name per concept, out of the labels of these clips."""
        return canonical_names(self.use(range(len(self.clips))), vocabulary)

    def use(self, rows: Iterable[int]) -> Counter[str]:
        """Frames for which each label was used."""
        use: Counter[str] = Counter()
        for row in rows:
            use[self.caption(row).label] += int(self.clips.lengths[row])
        return use

    def caption(self, row: int) -> Caption:
        """Caption of a clip; "cluster 3" where nobody said anything."""
        sure = float(self.clips.confidence[row])
        cluster = f"cluster {int(self.clips.cluster[row])}"
        return self.captions.get(row) or Caption(cluster, confidence=sure, source="clusters")

    def name(self, row: int) -> str:
        """Name of a clip's label."""
        label = self.caption(row).label
        return self.names.get(label, label)

    def bout(
        self, rows: Sequence[int], label: str = "", description: str = "", source: str = ""
    ) -> Bout:
        """One event of adjacent clips.

        Parameters
        ----------
        rows : sequence of int
            Clips, in order.
        label, description, source : str, optional
            What a model said; by default the name used for most frames, the sentence of its
            longest clip, and where the captions came from.
        """
        clips = self.clips
        said = label or self._most(rows)
        name = self.names.get(said, said)
        own = [row for row in rows if self.name(row) == name]
        longest = self.caption(max(own or rows, key=lambda row: clips.lengths[row]))
        words = with_original(description or longest.description, label or longest.label, name)
        sources = Counter(self.caption(row).source for row in rows)
        clusters = {int(clips.cluster[row]) for row in rows}
        return Bout(
            clips.animals[int(clips.animal[rows[0]])],
            int(clips.start[rows[0]]), int(clips.end[rows[-1]]), name, words,
            clusters.pop() if len(clusters) == 1 else UNTRACKED,
            self._confidence(rows, own), source or sources.most_common(1)[0][0], tuple(rows),
        )  # fmt: skip

    def _most(self, rows: Sequence[int]) -> str:
        use: Counter[str] = Counter()
        for row in rows:
            use[self.name(row)] += int(self.clips.lengths[row])
        return max(use, key=lambda name: use[name])

    def _confidence(self, rows: Sequence[int], own: Sequence[int]) -> float:
        """Mean over the frames; clips that were called otherwise count 0.

        Where nobody said how sure a caption is, the clip's membership in its cluster stands for
        it.
        """
        sure = []
        for row in rows:
            said = self.caption(row).confidence
            known = said if np.isfinite(said) else float(self.clips.confidence[row])
            sure.append(known if row in own or not own else 0.0)
        return float(np.clip(np.average(sure, weights=self.clips.lengths[list(rows)]), 0, 1))


def unmerge(bout: Bout, clips: Clips, captions: Mapping[int, Caption]) -> list[Bout]:
    """Give back the clips of an event, each with its own caption.

    Raises
    ------
    TableError
        If the event was not made from these clips (a person drew it, or the recording was
        segmented again).
    """
    fits = bout.clips and all(
        0 <= row < len(clips) and clips.animals[int(clips.animal[row])] == bout.animal
        and clips.end[row] >= bout.start_frame and clips.start[row] <= bout.end_frame
        for row in bout.clips
    )  # fmt: skip
    if not fits:
        raise TableError(
            f"{bout.label or 'The event'} of {bout.animal} from frame {bout.start_frame} was not "
            "made from the clips of this segmentation, so there is nothing to split it into."
        )
    own = NamedClips(clips, captions, {})
    return [own.bout([row]) for row in bout.clips]


# Deciding ------------------------------------------------------------------------------------


def _same(named: NamedClips, first: int, second: int, settings: RuleSettings) -> bool:
    if not adjacent(named.clips, first, second):
        return False
    if named.name(first) == named.name(second):
        return True
    a, b = named.caption(first), named.caption(second)
    return a.source == b.source == "vlm" and alike(a.description, b.description) >= settings.alike


def alike(first: str, second: str) -> float:
    """Share of common words of two descriptions (Jaccard index), numbers left out."""
    a, b = (set(re.sub(r"\d+", " ", plain(text)).split()) for text in (first, second))
    return len(a & b) / len(a | b) if a and b else 0.0


def _joined(named: NamedClips, rows: Sequence[int], settings: RuleSettings) -> Groups:
    groups: Groups = []
    for row in rows:
        if groups and _same(named, groups[-1][-1], row, settings):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _absorbed(groups: Groups, named: NamedClips, most: float) -> Groups:
    """Take what lasts less than `most` frames into the same behaviour on both its sides.

    The shortest goes first, so that a long stretch is not swallowed by two short ones.
    """
    groups, clips = list(groups), named.clips
    while most > 0:
        lengths = [int(clips.end[group[-1]] - clips.start[group[0]]) + 1 for group in groups]
        labels = [named.bout(group).label for group in groups]
        free = [
            at for at in range(1, len(groups) - 1)
            if lengths[at] < most and labels[at - 1] == labels[at + 1] != labels[at]
            and lengths[at] <= min(lengths[at - 1], lengths[at + 1])
            and all(adjacent(clips, a[-1], b[0]) for a, b in pairwise(groups[at - 1 : at + 2]))
        ]  # fmt: skip
        if not free:
            break
        at = min(free, key=lambda place: lengths[place])
        groups[at - 1 : at + 2] = [[*groups[at - 1], *groups[at], *groups[at + 1]]]
    return groups
