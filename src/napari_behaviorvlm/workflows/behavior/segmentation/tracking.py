"""First stage: where the animals are, from poses or by following them."""

from collections.abc import Generator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from napari_behaviorvlm.behavior.animals import bodies_of, follow
from napari_behaviorvlm.behavior.animals.sources import frames_of, pace, paced
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.errors import TableError, VideoError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.tracks import Tracks
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.derived_arrays import DerivedArrays, made_arrays
from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.behavior.segmentation.places import file_key, opened, video_key
from napari_behaviorvlm.workflows.behavior.segmentation.request import SegmentRequest

VERSION = 3
"""Raise it when the same video gives other bodies: part of keys."""

COLUMNS = ("centre", "head", "rear", "width", "area", "touching")


@dataclass(frozen=True, eq=False)
class Tracked:
    """Bodies of a recording on disk.

    Parameters
    ----------
    recording : Recording
    folder : Path
        See `read_tracked`.
    from_poses : bool
        Whether poses tell where the animals are.
    pixels : bool
        Whether places are px of the video, so that crops can be cut.
    computed : bool
        Just now.
    visible : int
        Bodies that are often seen apart from each other; 0 where nobody counted.
    """

    recording: Recording
    folder: Path
    from_poses: bool
    pixels: bool
    computed: bool
    visible: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        asked = self.recording.n_animals
        if self.visible <= asked:
            return ()
        note = (
            f"{self.recording.name}: {self.visible} bodies are often seen at once, but "
            f"{asked} followed: if these are animals, say --animals {self.visible}."
        )
        return (note,)

    @property
    def bodies(self) -> BodyTracks:
        """The bodies."""
        return read_tracked(self.folder)


def uses_poses(recording: Recording, request: SegmentRequest) -> bool:
    """Whether poses tell where the animals are."""
    return recording.poses is not None and request.features != "pixels"


def poses_of(recording: Recording) -> Tracks:
    """Poses of a recording that has some, padded to its length."""
    assert recording.poses is not None
    return _padded(read_poses(recording.poses, recording.fps), recording)


def _padded(tracks: Tracks, recording: Recording) -> Tracks:
    missing = (recording.n_frames or 0) - len(tracks)
    if missing <= 0:
        return tracks
    nothing = np.full((missing, *tracks.positions.shape[1:]), np.nan)
    return replace(tracks, positions=np.concatenate([tracks.positions, nothing]))


def track(
    folder: BehaviorFolder, recording: Recording, request: SegmentRequest
) -> Generator[Progress, None, Tracked]:
    """Find out where a recording's animals are, unless that is known.

    Raises
    ------
    VideoError
        If no animal is seen.
    TableError
        If poses cannot be read.
    """
    posed = uses_poses(recording, request)
    key = _key(recording, request, posed=posed)
    place = folder.derived(recording) / f"bodies-{key}"
    done = DerivedArrays.open(place)
    visible = 0 if done is None else int(done.facts.get("visible", 0))
    if done is None:
        bodies, visible = (_from_poses(recording), 0) if posed else (yield from _followed(
            folder, recording, request
        ))  # fmt: skip
        with made_arrays(place) as writing:
            writing.put({name: getattr(bodies, name) for name in COLUMNS})
            writing.facts({
                "animals": list(bodies.animals), "fps": bodies.fps, "from_poses": posed,
                "visible": visible,
            })  # fmt: skip
    flat = recording.pixel_poses is not None or (
        posed and poses_of(recording).positions.shape[-1] == 2
    )
    return Tracked(recording, place, posed, flat or not posed, done is None, visible)


def read_tracked(place: Path) -> BodyTracks:
    """Bodies from a folder of `track`."""
    found = DerivedArrays.open(place)
    if found is None:
        raise TableError(f"{place} is missing or damaged: run the segmentation again.")
    animals, fps = tuple(found.facts["animals"]), float(found.facts["fps"])
    centre, head, rear, width, area, touching = (found.array(name) for name in COLUMNS)
    return BodyTracks(animals, fps, centre, head, rear, width, area, touching)


def _key(recording: Recording, request: SegmentRequest, *, posed: bool) -> str:
    made_from: dict[str, object] = {"version": VERSION, "fps": recording.fps}
    if posed:
        made_from |= {
            "poses": file_key(recording.poses), "pixels": file_key(recording.pixel_poses),
            "frames": recording.n_frames,
        }  # fmt: skip
    else:
        how = {
            field.name: getattr(request.follow, field.name)
            for field in fields(request.follow) if field.name not in {"fps", "n_frames", "names"}
        }  # fmt: skip
        made_from |= {
            "video": video_key(recording), "animals": recording.n_animals,
            "names": recording.animals, "follow": how,
        }  # fmt: skip
    return content_key(made_from)


def _from_poses(recording: Recording) -> BodyTracks:
    if recording.pixel_poses is not None:
        tracks = _padded(read_poses(recording.pixel_poses, recording.fps), recording)
    else:
        tracks = poses_of(recording)
    bodies = bodies_of(tracks)
    if recording.animals and len(recording.animals) == len(bodies.animals):
        bodies = replace(bodies, animals=recording.animals)
    return bodies


def _followed(
    folder: BehaviorFolder, recording: Recording, request: SegmentRequest
) -> Generator[Progress, None, tuple[BodyTracks, int]]:
    """Follow animals by their pixels; also how many bodies are seen."""
    with opened(folder, recording) as reader:
        fps, n_frames = recording.fps or reader.fps or 30.0, reader.n_frames
        step = pace(fps)
        settings = replace(
            request.follow, fps=fps / step, n_frames=-(-n_frames // step), names=recording.animals
        )
        spread = max(1, n_frames // settings.background_frames)
        sample = frames_of(reader, step=spread) if spread > 1 else None
        seen: list[int] = []
        steps = follow(
            paced(reader, step), recording.n_animals, settings, sample=sample,
            tell_visible=seen.append,
        )  # fmt: skip
        try:
            while True:
                done = next(steps)
                yield Progress(done.done, done.total, f"{recording.name}: {done.message}")
        except StopIteration as end:
            bodies: BodyTracks = end.value
            return bodies.spread_over(step, n_frames), seen[0]
        except VideoError as problem:
            if str(recording.video) in str(problem):
                raise
            raise VideoError(f"{recording.name}: {problem}") from None
