"""Data of the timelines, as the page's script draws them."""

import json
from collections.abc import Sequence

from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.io.ethogram import Ethogram
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents, Told
from napari_behaviorvlm.workflows.behavior.report.sources import who
from napari_behaviorvlm.workflows.html import inert

INK, PAPER = "#101214", "#ffffff"

Row = dict[str, object]


def timeline(contents: ReportContents) -> str:
    """All recordings as JSON that may stand in the page.

    Words are listed once and referred to by number: a long recording says the same thing often.
    """
    labels, texts, sources = _Numbers(contents.labels), _Numbers(), _Numbers()
    recordings = [_recording(told, labels, texts, sources) for told in contents.recordings]
    looks = [(label, contents.look(label)) for label in labels.values]
    return inert(json.dumps({
        "recordings": recordings,
        "labels": [
            {"name": label, "colour": look.colour, "pattern": look.pattern, "ink": ink(look.colour)}
            for label, look in looks
        ],
        "texts": texts.values,
        "sources": [who(source) for source in sources.values],
    }, ensure_ascii=False, separators=(",", ":")))  # fmt: skip


def ink(colour: str) -> str:
    """Colour in which writing is read on a ground."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.45 else PAPER


class _Numbers:
    """Words, numbered in the order in which they come."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self._numbers = {word: number for number, word in enumerate(known)}

    def __call__(self, word: str) -> int:
        return self._numbers.setdefault(word, len(self._numbers))

    @property
    def values(self) -> list[str]:
        return list(self._numbers)


def _recording(
    told: Told, labels: _Numbers, texts: _Numbers, sources: _Numbers
) -> dict[str, object]:  # fmt: skip
    ethogram = told.ethogram
    by_animal: dict[str, list[Bout]] = {animal: [] for animal in ethogram.animals}
    for bout in ethogram.bouts:
        by_animal.setdefault(bout.animal, []).append(bout)
    return {
        "frames": ethogram.n_frames,
        "fps": ethogram.fps,
        "rows": [
            {"animal": animal, **_bouts(bouts, labels, texts, sources),
             **_gone(ethogram, animal), **_clips(told.clips, animal)}
            for animal, bouts in by_animal.items()
        ],
    }  # fmt: skip


def _bouts(bouts: list[Bout], labels: _Numbers, texts: _Numbers, sources: _Numbers) -> Row:
    return {
        "start": [bout.start_frame for bout in bouts],
        "end": [bout.end_frame for bout in bouts],
        "label": [labels(bout.label) for bout in bouts],
        "text": [texts(bout.description) for bout in bouts],
        "cluster": [bout.cluster for bout in bouts],
        "sure": [round(bout.confidence, 3) for bout in bouts],
        "by": [sources(bout.source) for bout in bouts],
        "person": [int(bout.source == HUMAN) for bout in bouts],
    }


def _gone(ethogram: Ethogram, animal: str) -> Row:
    found = [one for one in ethogram.untracked if one.animal == animal]
    return {
        "gone_start": [one.start_frame for one in found],
        "gone_end": [one.end_frame for one in found],
    }


def _clips(clips: Clips, animal: str) -> Row:
    rows = clips.animal == clips.animals.index(animal) if animal in clips.animals else []
    return {
        "clip_start": clips.start[rows].tolist(),
        "clip_end": clips.end[rows].tolist(),
        "clip_cluster": clips.cluster[rows].tolist(),
    }
