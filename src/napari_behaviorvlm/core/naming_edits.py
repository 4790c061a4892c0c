"""Edits that name what stands in clips: all of a cluster, or a single one."""

from collections.abc import Callable
from dataclasses import dataclass

from napari_behaviorvlm.core.bout_changes import HUMAN, Span, named
from napari_behaviorvlm.core.bout_edits import BoutSource, Change, SetCaption
from napari_behaviorvlm.core.bout_parts import Naming, by_animal, name_parts
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout
from napari_behaviorvlm.core.errors import TableError


@dataclass(frozen=True, slots=True)
class NameClusters:
    """Call everything of some clusters by one name, in all recordings.

    Bouts that were also made from clips of other clusters are cut; parts that touch are joined.
    """

    clusters: tuple[int, ...]
    label: str

    @property
    def action(self) -> str:
        """In words."""
        numbers = " and ".join(map(str, self.clusters))
        verb = "call cluster" if len(self.clusters) == 1 else "merge clusters"
        return f"{verb} {numbers} {'as ' if len(self.clusters) > 1 else ''}{self.label!r}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        found = by_animal(source.clips_of(self.clusters))
        one = self.clusters[0] if len(self.clusters) == 1 else UNTRACKED
        naming = Naming(named(self.label), HUMAN, cluster=one)
        changes = [
            change for place, chosen in found.items()
            for change in _parts_named(source, place, chosen, naming)
        ]  # fmt: skip
        if not changes:
            raise TableError(
                f"Nothing stands in the clips of cluster {self.clusters[0]}."
                if found else f"There is no clip of cluster {self.clusters[0]}."
            )  # fmt: skip
        return changes


@dataclass(frozen=True, slots=True)
class NameClip(SetCaption):
    """Give a clip other words, and the events there at once the same.

    An event that was also made from other clips is cut where the clip begins and ends, unless it
    has that name already. What a person decided only changes by a person's words.
    """

    @property
    def action(self) -> str:
        """In words."""
        return f"caption of clip {self.clip}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        caption = self.caption
        if caption is None:
            return []
        animal, span = source.clip(self.recording, self.clip)
        sure = 1.0 if caption.confidence != caption.confidence else caption.confidence
        naming = Naming(
            named(caption.label), caption.source or HUMAN, caption.description, sure
        )  # fmt: skip

        def stays(bout: Bout) -> bool:
            decided = bout.source == HUMAN and naming.source != HUMAN
            return decided or (len(bout.clips) > 1 and bout.label == naming.label)

        chosen = {self.clip: span}
        return _parts_named(source, (self.recording, animal), chosen, naming, stays)


def _parts_named(
    source: BoutSource, place: tuple[str, str], chosen: dict[int, Span], naming: Naming,
    stays: Callable[[Bout], bool] = lambda _: False,
) -> list[Change]:  # fmt: skip
    """Name the parts of bouts in some clips; ``place`` is recording and animal."""
    recording, animal = place
    first, last = min(a for a, _ in chosen.values()), max(b for _, b in chosen.values())
    bouts = [
        bout for bout in source.near(recording, animal, first, last)
        if not (chosen.keys().isdisjoint(bout.clips) or stays(bout))
    ]  # fmt: skip
    spans = source.spans(recording, [clip for bout in bouts for clip in bout.clips])
    pairs = name_parts(bouts, spans, frozenset(chosen), naming)
    return [Change(recording, before, after) for before, after in pairs]
