"""What each cluster holds, and which of its clips stand for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.io.ethogram import Ethogram
from napari_behaviorvlm.workflows.behavior.examples import typical_clips
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents

MOST = 60
"""Clusters that are shown with pictures; of more, the largest."""
EXAMPLES = 6
"""Clips of a cluster in its contact sheet."""


@dataclass(frozen=True)
class Example:
    """A clip that stands for its cluster.

    Parameters
    ----------
    recording : int
        Position in the contents.
    row : int
        In that recording's clip table.
    """

    recording: int
    row: int


@dataclass(frozen=True)
class ClusterSummary:
    """One cluster over all recordings.

    Parameters
    ----------
    number : int
    clips : int
    seconds : float
    label : str
        What most of its time is called; empty where nobody named any.
    share : float
        0..1, how much of its time is called so.
    examples : tuple of Example
        Those surest to belong to it, of all animals and recordings in turn.
    """

    number: int
    clips: int
    seconds: float
    label: str
    share: float
    examples: tuple[Example, ...]


def summaries(contents: ReportContents) -> list[ClusterSummary]:
    """All clusters, those of one name beside each other, of each name the largest first."""
    use: dict[int, Counter[str]] = {}
    clips: Counter[int] = Counter()
    for told in contents.recordings:
        labels = clip_labels(told.ethogram, told.clips)
        for label, number, seconds in zip(
            labels, told.clips.cluster.tolist(), told.clips.seconds.tolist(), strict=True
        ):
            clips[number] += 1
            named = use.setdefault(number, Counter())
            named[label] += seconds
    found = [
        _summary(contents, number, clips[number], named) for number, named in use.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.label, one.label.casefold(), -one.seconds))


def _summary(
    contents: ReportContents, number: int, clips: int, use: Counter[str]
) -> ClusterSummary:  # fmt: skip
    total = sum(use.values())
    label, most = max(use.items(), key=lambda item: (item[0] != "", item[1]))
    examples = _examples([told.clips for told in contents.recordings], number)
    return ClusterSummary(number, clips, total, label, most / total if label else 0.0, examples)


def _examples(tables: Sequence[Clips], number: int) -> tuple[Example, ...]:
    """Clips of all recordings in turn."""
    each = [typical_clips(clips, number, EXAMPLES) for clips in tables]
    turns = [
        Example(recording, rows[turn])
        for turn in range(EXAMPLES)
        for recording, rows in enumerate(each) if turn < len(rows)
    ]  # fmt: skip
    return tuple(turns[:EXAMPLES])


def clip_labels(ethogram: Ethogram, clips: Clips) -> list[str]:
    """Label that stands in the middle of every clip; empty where none does."""
    middles = (clips.start + clips.end) // 2
    labels = [""] * len(clips)
    for at, animal in enumerate(clips.animals):
        bouts = ethogram.of(animal)
        starts = np.array([bout.start_frame for bout in bouts], np.int64)
        for row in np.flatnonzero(clips.animal == at):
            place = int(np.searchsorted(starts, middles[row], side="right")) - 1
            if place >= 0 and bouts[place].end_frame >= middles[row]:
                labels[row] = bouts[place].label
    return labels


def shown(clusters: Sequence[ClusterSummary]) -> list[ClusterSummary]:
    """Clusters that are shown with pictures, in their order."""
    largest = sorted(clusters, key=lambda one: -one.seconds)[:MOST]
    kept = {one.number for one in largest}
    return [one for one in clusters if one.number in kept]
