"""Bouts and captioned clips of a recording in rows by animal, kept in step with the disk."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.gui.models.bout_rows import BoutRow
from napari_behaviorvlm.io.behavior_folder import BehaviorStore
from napari_behaviorvlm.io.behavior_folder.journal import Touched


@dataclass(frozen=True, slots=True)
class Total:
    """How much of a label there is.

    Parameters
    ----------
    bouts, frames : int
    """

    bouts: int
    frames: int


class BehaviorRows:
    """What stands in a store about one recording.

    Parameters
    ----------
    store : BehaviorStore
    recording : str
        Name.

    Attributes
    ----------
    events, clips : list of BoutRow
        By animal. Clips have the label and the words of their caption, and their number in
        ``clips``.
    captions : dict of int to Caption
        By number of the clip, as they were given.
    """

    def __init__(self, store: BehaviorStore, recording: str) -> None:
        self._store, self._recording = store, recording
        self.animals: tuple[str, ...] = ()
        self.events: list[BoutRow] = []
        self.clips: list[BoutRow] = []
        self.captions: dict[int, Caption] = {}
        self._by_number: dict[int, Bout] = {}
        self._bouts: Counter[str] = Counter()
        self._frames: Counter[str] = Counter()

    # Reading -----------------------------------------------------------------------------------

    def read(self, animals: Sequence[str], clips: Clips | None) -> None:
        """Read everything anew."""
        self.animals = tuple(animals)
        self._bare = [] if clips is None else clips.bouts()
        self.read_events()
        self.read_words()

    def read_events(self) -> None:
        """Read all bouts anew."""
        bouts = self._store.bouts(self._recording)
        self._by_number.clear()
        self._frames.clear()
        self._bouts.clear()
        self._know(bouts)
        self.events = _by_animal(bouts, self.animals)

    def read_words(self) -> None:
        """Read all captions anew."""
        self.captions = self._store.captions(self._recording)
        self.clips = _by_animal(self._captioned(self._bare), self.animals)

    def take(self, touched: Touched) -> None:
        """Read a stretch anew that an edit has touched."""
        if touched.recording != self._recording or touched.animal not in self.animals:
            return
        at = self.animals.index(touched.animal)
        first, last = touched.first_frame, touched.last_frame
        self._take_bouts(at, first, last)
        if touched.captions:
            self._take_words(at, first, last)

    def _take_bouts(self, at: int, first: int, last: int) -> None:
        row = self.events[at]
        for bout in row.bouts[row.seen(first, last)]:
            if bout.end_frame >= first and bout.start_frame <= last:
                self._forget(bout)
        new = self._store.bouts_near(self._recording, self.animals[at], first, last)
        self._know(new)
        self.events[at] = row.replaced(first, last, new)

    def _take_words(self, at: int, first: int, last: int) -> None:
        row = self.clips[at]
        old = [clip for clip in row.bouts[row.seen(first, last)] if clip.end_frame >= first]
        numbers = [clip.clips[0] for clip in old]
        found = self._store.captions(self._recording, numbers)
        for number in numbers:
            self.captions.pop(number, None)
        self.captions |= found
        bare = [self._bare[number] for number in numbers]
        self.clips[at] = row.replaced(first, last, self._captioned(bare))

    # What there is -----------------------------------------------------------------------------

    def bout(self, number: int) -> Bout | None:
        """Bout of a number, None if it is gone."""
        return self._by_number.get(number)

    @property
    def labels(self) -> Counter[str]:
        """Bouts by label; some may be none any more."""
        return self._bouts

    def totals(self) -> dict[str, Total]:
        """How much of each label there is, the longest first."""
        return {
            label: Total(self._bouts[label], frames)
            for label, frames in self._frames.most_common() if self._bouts[label]
        }  # fmt: skip

    def _captioned(self, clips: Iterable[Bout]) -> list[Bout]:
        clips = list(clips)
        names = self._store.names_of(caption.label for caption in self.captions.values())
        return [_with_words(clip, self.captions.get(clip.clips[0]), names) for clip in clips]

    def _know(self, bouts: Iterable[Bout]) -> None:
        for bout in bouts:
            self._by_number[bout.id] = bout
            self._bouts[bout.label] += 1
            self._frames[bout.label] += bout.n_frames

    def _forget(self, bout: Bout) -> None:
        if self._by_number.pop(bout.id, None) is not None:
            self._bouts[bout.label] -= 1
            self._frames[bout.label] -= bout.n_frames


def _with_words(clip: Bout, caption: Caption | None, names: dict[str, str]) -> Bout:
    if caption is None:
        return clip
    sure = clip.confidence if math.isnan(caption.confidence) else caption.confidence
    return replace(
        clip, label=names[caption.label], description=caption.description, source=caption.source,
        confidence=sure,
    )  # fmt: skip


def _by_animal(bouts: Iterable[Bout], animals: Sequence[str]) -> list[BoutRow]:
    found: dict[str, list[Bout]] = {animal: [] for animal in animals}
    for bout in bouts:
        found.setdefault(bout.animal, []).append(bout)
    return [BoutRow.of(found[animal]) for animal in animals]
