"""Edits of bouts and captions that can be undone.

An edit names what is to be changed by its number in a store and says which rows stand before and
after. Whoever keeps bouts (a file, a dock's model) carries out those changes, so that both mean
the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from napari_behaviorvlm.core.bout_changes import (
    HUMAN,
    Edge,
    Span,
    accepted,
    described,
    in_words,
    merged,
    moved_edge,
    named,
    relabelled,
    split,
)
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError


@dataclass(frozen=True, slots=True)
class Change:
    """One bout before and after an edit.

    Parameters
    ----------
    recording : str
    before, after : Bout or None
        None before = it is new, None after = it is gone.
    cleared : bool
        It is gone because a person said that nothing is to stand there: computing again leaves
        the place empty.
    """

    recording: str
    before: Bout | None
    after: Bout | None
    cleared: bool = False


class BoutSource(Protocol):
    """Whoever can look bouts up by number, place and cluster; none of it reads a recording."""

    def bout(self, number: int) -> tuple[str, Bout]:
        """Return recording and bout of a number; `TableError` where there is none."""

    def near(self, recording: str, animal: str, first: int, last: int) -> list[Bout]:
        """Bouts of an animal that reach into frames `first` to `last`, by start."""

    def clips_of(self, clusters: Sequence[int]) -> list[tuple[str, str, int, Span]]:
        """Clips of some clusters, each with its recording, animal, number and frames."""

    def clip(self, recording: str, number: int) -> tuple[str, Span]:
        """Animal and frames of a clip; `TableError` where there is none."""

    def labelled(self, label: str) -> list[tuple[str, Bout]]:
        """Bouts that people named so, in all recordings."""

    def spans(self, recording: str, clips: Sequence[int]) -> dict[int, Span]:
        """First and last frames of clips, by their rows."""

    def n_frames(self, recording: str) -> int | None:
        """Length of a recording, where it is known."""


class Edit(Protocol):
    """Something a person does in one step."""

    @property
    def action(self) -> str:
        """What is done, in words for a journal."""

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after.

        Raises
        ------
        TableError
            If it cannot be done, in one sentence.
        """


@dataclass(frozen=True, slots=True)
class Relabel:
    """Give bouts another name."""

    bouts: tuple[int, ...]
    label: str

    @property
    def action(self) -> str:
        """In words."""
        return f"call {_count(self.bouts)} {self.label!r}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        return [Change(*found, relabelled(found[1], self.label))
                for found in map(source.bout, self.bouts)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Describe:
    """Give a bout other words."""

    bout: int
    description: str

    @property
    def action(self) -> str:
        """In words."""
        return "describe a bout"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        recording, bout = source.bout(self.bout)
        return [Change(recording, bout, described(bout, self.description))]


@dataclass(frozen=True, slots=True)
class Accept:
    """Take bouts for true as they stand."""

    bouts: tuple[int, ...]

    @property
    def action(self) -> str:
        """In words."""
        return f"accept {_count(self.bouts)}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        return [Change(*found, accepted(found[1])) for found in map(source.bout, self.bouts)]


@dataclass(frozen=True, slots=True)
class Split:
    """Cut a bout in two; `frame` is the first of the second part."""

    bout: int
    frame: int

    @property
    def action(self) -> str:
        """In words."""
        return f"split at frame {self.frame}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        recording, bout = source.bout(self.bout)
        first, second = split(bout, self.frame, source.spans(recording, bout.clips))
        return [Change(recording, bout, first), Change(recording, None, second)]


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one bout of several neighbours."""

    bouts: tuple[int, ...]
    label: str = ""

    @property
    def action(self) -> str:
        """In words."""
        return f"merge {_count(self.bouts)}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        found = [source.bout(number) for number in dict.fromkeys(self.bouts)]
        if len({recording for recording, _ in found}) > 1:
            raise TableError("Bouts of different recordings cannot be merged.")
        one = merged([bout for _, bout in found], self.label)
        recording = found[0][0]
        self._require_neighbours(source, recording, one)
        return [Change(recording, bout, one if bout.id == one.id else None) for _, bout in found]

    def _require_neighbours(self, source: BoutSource, recording: str, one: Bout) -> None:
        for other in source.near(recording, one.animal, one.start_frame, one.end_frame):
            if other.id not in self.bouts:
                raise TableError(
                    f"{in_words(other)} lies between the bouts to merge: choose it, too, or delete "
                    "it first."
                )


@dataclass(frozen=True, slots=True)
class MoveEdge:
    """Move the start or the end of a bout to a frame."""

    bout: int
    edge: Edge
    frame: int

    @property
    def action(self) -> str:
        """In words."""
        return f"move the {self.edge} to frame {self.frame}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        recording, bout = source.bout(self.bout)
        old = bout.start_frame if self.edge == "start" else bout.end_frame
        low, high = min(old, self.frame) - 1, max(old, self.frame) + 1
        near = source.near(recording, bout.animal, low, high)
        pairs = moved_edge(bout, self.edge, self.frame, near, source.n_frames(recording))
        return [Change(recording, before, after) for before, after in pairs]


@dataclass(frozen=True, slots=True)
class Delete:
    """Say that there is nothing to tell where bouts stand; computing again leaves it empty."""

    bouts: tuple[int, ...]

    @property
    def action(self) -> str:
        """In words."""
        return f"delete {_count(self.bouts)}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        return [Change(*found, None, cleared=True) for found in map(source.bout, self.bouts)]


@dataclass(frozen=True, slots=True)
class Add:
    """Draw a bout; it may overlap others (an animal can do two things at once)."""

    recording: str
    bout: Bout

    @property
    def action(self) -> str:
        """In words."""
        return f"add {self.bout.label!r}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        length = source.n_frames(self.recording)
        if length is not None and self.bout.end_frame >= length:
            raise TableError(
                f"{in_words(self.bout)} ends at frame {self.bout.end_frame}, but "
                f"{self.recording} has {length} frames."
            )
        return [Change(self.recording, None, replace(self.bout, source=HUMAN, id=0))]


@dataclass(frozen=True, slots=True)
class Replace:
    """Put other bouts in the place of one, such as the clips that it was made from."""

    bout: int
    parts: tuple[Bout, ...]

    @property
    def action(self) -> str:
        """In words."""
        return f"take apart into {_count(self.parts)}"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows before and after."""
        recording, bout = source.bout(self.bout)
        if not self.parts:
            raise TableError(f"There is nothing to put in the place of {in_words(bout)}.")
        parts = [replace(part, source=HUMAN, id=0) for part in self.parts]
        first = Change(recording, bout, replace(parts[0], id=bout.id))
        return [first, *(Change(recording, None, part) for part in parts[1:])]


@dataclass(frozen=True, slots=True)
class RenameLabel:
    """Use another word for a behaviour everywhere, also in what is computed later."""

    old: str
    new: str

    @property
    def action(self) -> str:
        """In words."""
        return f"rename {self.old!r} to {self.new!r} everywhere"

    def changes(self, source: BoutSource) -> list[Change]:
        """Rows of people before and after; computed ones follow the word."""
        name = named(self.new)
        return [Change(recording, bout, replace(bout, label=name))
                for recording, bout in source.labelled(self.old)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SetCaption:
    """Give a clip other words; None takes a person's words back."""

    recording: str
    clip: int
    caption: Caption | None

    @property
    def action(self) -> str:
        """In words."""
        return f"caption of clip {self.clip}"

    def changes(self, source: BoutSource) -> list[Change]:  # noqa: ARG002 - as all edits
        """No bout changes: merging again does that."""
        return []


def _count(things: Sequence[object]) -> str:
    return "a bout" if len(things) == 1 else f"{len(things)} bouts"
