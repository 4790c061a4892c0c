"""Second stage: what every animal does in every frame, in numbers."""

from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.sources import frames_of, pace, paced
from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import BodyScale
from napari_behaviorvlm.behavior.features.encoder import LocalEncoder
from napari_behaviorvlm.behavior.features.joined import FeatureTable, seen
from napari_behaviorvlm.behavior.features.pixels import PixelFeatures, PixelSettings
from napari_behaviorvlm.behavior.features.pixels_scene import Backdrop
from napari_behaviorvlm.behavior.features.stream import PoseFeatures
from napari_behaviorvlm.behavior.features.windows import mirrored, windowed
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.tracks import Tracks
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.derived_arrays import DerivedArrays, Writing, made_arrays
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.behavior.segmentation.places import file_key, opened, video_key
from napari_behaviorvlm.workflows.behavior.segmentation.request import SegmentRequest
from napari_behaviorvlm.workflows.behavior.segmentation.tracking import Tracked, poses_of

VERSION = 2
"""Raise it when the same tracks and pictures give other numbers: part of keys."""

PIECE = 1024
"""Frames worked on at once."""

LOOKS = {"looks", "codes"}
"""Groups of which only the mean over a window is kept: they are many, and change slowly."""

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Described:
    """Features of a recording on disk."""

    tracked: Tracked
    folder: Path
    computed: bool

    @property
    def table(self) -> FeatureTable:
        """The features; values lie on disk."""
        found = DerivedArrays.open(self.folder)
        if found is None:
            raise TableError(f"{self.folder} is missing or damaged: run the segmentation again.")
        return FeatureTable(
            tuple(found.facts["names"]), tuple(found.facts["groups"]),
            found.array("values", mapped=True),
        )  # fmt: skip


def describe(
    folder: BehaviorFolder, tracked: Tracked, request: SegmentRequest, *,
    keypoints: bool, pixels: bool,
) -> Generator[Progress, None, Described]:  # fmt: skip
    """Measure features of a recording, unless that was done.

    Parameters
    ----------
    folder : BehaviorFolder
    tracked : Tracked
        Where the animals are.
    request : SegmentRequest
    keypoints : bool
        Whether the poses' own keypoints are used, or only head, middle and rear.
    pixels : bool
        Whether pictures are looked at.
    """
    looked_at = None
    if pixels:
        looked_at = yield from _pixels(folder, tracked, request)
    key = content_key({
        "version": VERSION, "bodies": tracked.folder.name, "windows": asdict(request.windows),
        "poses": file_key(tracked.recording.poses) if keypoints else "",
        "pixels": "" if looked_at is None else looked_at.name,
    })  # fmt: skip
    place = folder.derived(tracked.recording) / f"features-{key}"
    if DerivedArrays.open(place) is not None:
        return Described(tracked, place, computed=False)
    yield Progress(0, 0, f"{tracked.recording.name}: measuring movement")
    tracks = poses_of(tracked.recording) if keypoints else tracked.bodies.keypoints()
    looked = None if looked_at is None else DerivedArrays.open(looked_at)
    with made_arrays(place) as writing:
        yield from _write(writing, tracks, looked, request)
    return Described(tracked, place, computed=True)


# Keypoints -----------------------------------------------------------------------------------


def _write(
    writing: Writing, tracks: Tracks, looked: DerivedArrays | None, request: SegmentRequest
) -> Generator[Progress, None, None]:
    plan = BodyPlan.from_names(tracks.keypoints)
    scale = BodyScale.measure(tracks.pieces(PIECE), plan)
    moving = PoseFeatures(plan, scale, request.windows)
    names, groups = moving.names(tracks), moving.groups(tracks)
    pictures = (
        None if looked is None else _Windows(looked, request.windows.window_reach(tracks.fps))
    )
    if pictures is not None:
        names, groups = (*names, *pictures.names), (*groups, *pictures.groups)
    values = writing.mapped("values", (len(tracks), len(tracks.animals), len(names)), np.float16)
    own = len(moving.names(tracks))
    for block in moving.stream(tracks.pieces(PIECE)):
        rows = slice(block.first_frame, block.first_frame + len(block))
        values[rows, :, :own] = np.where(block.tracked[..., None], block.values, np.nan)
        if pictures is not None:
            part = pictures.rows(rows)
            # A frame in which place and direction are unknown belongs to no clip.
            values[rows, :, own:] = np.where(block.tracked[..., None], part, np.nan)
        yield Progress(rows.stop, len(tracks), "measuring movement")
    writing.facts({"names": names, "groups": groups})


class _Windows:
    """Numbers of single frames on disk as numbers of the moments around them."""

    def __init__(self, looked: DerivedArrays, reach: int) -> None:
        self._values, self._step = looked.array("values", mapped=True), int(looked.facts["step"])
        self._reach = reach // self._step
        names, groups = looked.facts["names"], looked.facts["groups"]
        self._single = names
        self._slow = np.array([group in LOOKS for group in groups])
        fast = [name for name, slow in zip(names, self._slow, strict=True) if not slow]
        slow_names = [name for name, slow in zip(names, self._slow, strict=True) if slow]
        fast_groups = [group for group in groups if group not in LOOKS]
        slow_groups = [group for group in groups if group in LOOKS]
        self.names = (
            *(f"{n}.mean" for n in fast), *(f"{n}.spread" for n in fast),
            *(f"{n}.mean" for n in slow_names),
        )  # fmt: skip
        self.groups = (*fast_groups, *fast_groups, *slow_groups)

    def rows(self, rows: slice) -> NDArray[np.floating]:
        """Moments of some frames, shape (frames, animals, features)."""
        # Every step-th frame was looked at; the others are as the nearest of those.
        near = (np.arange(rows.start, rows.stop) + self._step // 2) // self._step
        near = np.minimum(near, len(self._values) - 1)
        start, stop = max(0, near[0] - self._reach), near[-1] + 1 + self._reach
        values = np.asarray(self._values[start:stop], np.float32)
        found = mirrored(windowed(values, seen(values), self._reach), self._single)
        found = found[near - start]
        means, spreads = np.split(found, 2, axis=-1)
        fast, slow = ~self._slow, self._slow
        return np.concatenate([means[..., fast], spreads[..., fast], means[..., slow]], axis=-1)


# Pictures ------------------------------------------------------------------------------------


def _pixels(
    folder: BehaviorFolder, tracked: Tracked, request: SegmentRequest
) -> Generator[Progress, None, Path]:
    settings = PixelSettings()
    key = content_key({
        "version": VERSION, "bodies": tracked.folder.name, "video": video_key(tracked.recording),
        "settings": asdict(settings), "encoder": file_key(request.encoder),
        "shade": request.follow.shade,
    })  # fmt: skip
    place = folder.derived(tracked.recording) / f"pixels-{key}"
    if DerivedArrays.open(place) is not None:
        return place
    encode = None if request.encoder is None else LocalEncoder(request.encoder, request.device)
    step = pace(tracked.bodies.fps)
    bodies = tracked.bodies.every(step)
    name = tracked.recording.name
    with opened(folder, tracked.recording) as reader, made_arrays(place) as writing:
        yield Progress(0, 0, f"{name}: learning the empty scene")
        spread = max(1, reader.n_frames // request.follow.background_frames)
        sample = frames_of(reader, step=spread)
        backdrop = Backdrop.learn(sample(), bodies, settings.size, request.follow)
        features = PixelFeatures(bodies, backdrop, settings, encode)
        for done in _measure(writing, features, bodies, paced(reader, step)(), step):
            yield Progress(done, len(bodies), f"{name}: looking at animals")
    return place


def _measure(
    writing: Writing, features: PixelFeatures, bodies: BodyTracks,
    pieces: Iterable[tuple[int, NDArray[np.uint8]]], step: int,
) -> Iterable[int]:  # fmt: skip
    shape = (len(bodies), len(bodies.animals), len(features.names))
    values = writing.mapped("values", shape, np.float16)
    reached = 0
    for first, found in features.stream(pieces):
        values[reached:first] = np.nan  # frames that could not be read
        reached = first + len(found)
        values[first:reached] = found
        yield reached
    values[reached:] = np.nan
    writing.facts({"names": features.names, "groups": features.groups, "step": step})
