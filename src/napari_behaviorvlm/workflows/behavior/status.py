"""How far a behaviour folder is, and what to do next."""

import shlex
from collections import Counter
from dataclasses import asdict, dataclass, field

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.asking import spending
from napari_behaviorvlm.workflows.behavior.segmenting import has_clips, read_clips


@dataclass(frozen=True)
class RecordingStatus:
    """Counts of one recording.

    Parameters
    ----------
    name : str
    frames : int or None
    seconds : float or None
    animals : int
    poses : bool
        Whether it has any.
    clips : int
        0 where it was not segmented yet.
    tracked : float
        0..1, share of the animals' frames that lie in a clip.
    captions, bouts : dict of str to int
        By who said so.
    labels : dict of str to float
        Seconds by label, all animals together, the longest first.
    """

    name: str
    frames: int | None
    seconds: float | None
    animals: int
    poses: bool
    clips: int = 0
    tracked: float = 0.0
    captions: dict[str, int] = field(default_factory=dict)
    bouts: dict[str, int] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BehaviorStatus:
    """Counts of a behaviour folder.

    Parameters
    ----------
    name : str
    folder : str
    recordings : list of RecordingStatus
    edits : int
        That people made and did not undo, of the newest thousand.
    calls : int
        Answers of models so far.
    cost_usd : float
        Of these, where the price is known.
    waiting_calls : int
        Requests of batches that are not collected yet.
    next_step : str
    """

    name: str
    folder: str
    recordings: list[RecordingStatus]
    edits: int
    calls: int
    cost_usd: float
    waiting_calls: int
    next_step: str

    def to_dict(self) -> dict[str, object]:
        """All fields, for ``--json``."""
        return asdict(self)

    def rows(self) -> list[tuple[object, ...]]:
        """One line per recording, in the order of `header`."""
        return [
            (one.name, one.frames, one.animals, "yes" if one.poses else "no", one.clips,
             f"{100 * one.tracked:.0f} %", sum(one.captions.values()), sum(one.bouts.values()),
             one.bouts.get("human", 0))
            for one in self.recordings
        ]  # fmt: skip

    header = (
        "recording", "frames", "animals", "poses", "clips", "followed", "captions", "events",
        "by people",
    )  # fmt: skip


def behavior_status(folder: BehaviorFolder) -> BehaviorStatus:
    """Count what is in a behaviour folder; reads only."""
    recordings = [_recording(folder, one) for one in folder.recordings]
    spent = spending(folder.folder)
    edits = sum(not entry.undone for entry in folder.store.journal(1000))
    return BehaviorStatus(
        folder.config.name, str(folder.folder), recordings, edits, spent.calls, spent.cost,
        spent.waiting_calls, _next(folder, recordings),
    )  # fmt: skip


def _recording(folder: BehaviorFolder, recording: Recording) -> RecordingStatus:
    seconds = None
    if recording.n_frames is not None and recording.fps:
        seconds = recording.n_frames / recording.fps
    captions = Counter(one.source for one in folder.store.captions(recording.name).values())
    bouts = folder.store.bouts(recording.name)
    clips, tracked = _clips(folder, recording)
    return RecordingStatus(
        recording.name, recording.n_frames, seconds, recording.n_animals,
        recording.poses is not None, clips, tracked, dict(captions),
        dict(Counter(bout.source for bout in bouts)), _labels(bouts, recording.fps or 1.0),
    )  # fmt: skip


def _clips(folder: BehaviorFolder, recording: Recording) -> tuple[int, float]:
    if not has_clips(folder, recording):
        return 0, 0.0
    clips = read_clips(folder, recording)
    frames = clips.n_frames * len(clips.animals)
    return len(clips), float(clips.lengths.sum() / frames) if frames else 0.0


def _labels(bouts: list[Bout], fps: float) -> dict[str, float]:
    seconds: Counter[str] = Counter()
    for bout in bouts:
        seconds[bout.label] += bout.n_frames
    return {label: round(frames / fps, 3) for label, frames in seconds.most_common()}


def _next(folder: BehaviorFolder, recordings: list[RecordingStatus]) -> str:
    place = shlex.quote(str(folder.folder))
    if not all(one.clips for one in recordings):
        return f"behaviorvlm behavior segment {place}"
    if not all(one.captions for one in recordings):
        return f"behaviorvlm behavior caption {place}"
    if not all(one.bouts for one in recordings):
        return f"behaviorvlm behavior merge {place}"
    return f"behaviorvlm behavior export {place} csv OUT"
