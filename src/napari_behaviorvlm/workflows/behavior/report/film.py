"""Short looping clips and a contact sheet of every cluster, cut out of the videos.

Cost is bounded: a few clips of a few seconds per cluster, at ten frames per second, however long
the videos are. Each video is read forward once, and a clip is written before the next is read.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.strips import ReadFrame
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.errors import BehaviorVLMError, VideoError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.examples import shown_frames
from napari_behaviorvlm.workflows.behavior.report.clusters import ClusterSummary
from napari_behaviorvlm.workflows.behavior.report.contents import Told
from napari_behaviorvlm.workflows.behavior.report.tiles import ClipDrawer, Picture, sheet
from napari_behaviorvlm.workflows.behavior.results import pictures_of, poses_of
from napari_behaviorvlm.workflows.behavior.segmenting import read_bodies

FOLDER = "pictures"
LOOPS = 2
"""Clips of a cluster that move."""
RATE = 10.0
SECONDS = 3.0
QUALITY = 60


@dataclass(frozen=True)
class Loop:
    """A clip that moves.

    Parameters
    ----------
    moving, still : str
        Paths of its pictures, relative to the page.
    recording : int
        Position in the contents.
    row : int
        Of the animal in that recording.
    animal : str
    start_frame, end_frame : int
        Of the clip.
    """

    moving: str
    still: str
    recording: int
    row: int
    animal: str
    start_frame: int
    end_frame: int


@dataclass(frozen=True)
class Sheet:
    """Still clips of a cluster in one picture.

    Parameters
    ----------
    path : str
        Relative to the page.
    clips : int
        How many.
    """

    path: str
    clips: int


@dataclass
class Filmed:
    """Pictures of all clusters.

    Parameters
    ----------
    loops : dict of int to list of Loop
        By cluster.
    sheets : dict of int to Sheet
        Contact sheets by cluster, of those clips that do not move.
    notes : list of str
        Why pictures are missing, one sentence each.
    """

    loops: dict[int, list[Loop]] = field(default_factory=dict)
    sheets: dict[int, Sheet] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """One clip to draw."""

    cluster: int
    place: int
    recording: int
    row: int
    frames: tuple[int, ...]


def film(
    folder: BehaviorFolder, told: Sequence[Told], clusters: Sequence[ClusterSummary], page: Path
) -> Generator[Progress, None, Filmed]:
    """Draw all clusters.

    Parameters
    ----------
    folder : BehaviorFolder
    told : sequence of Told
    clusters : sequence of ClusterSummary
        To be shown.
    page : Path
        Folder of the page; pictures go into a folder in it.

    Yields
    ------
    Progress
        In clips.

    Returns
    -------
    Filmed
        What could be drawn; a video that is missing or damaged is noted, not raised.
    """
    (page / FOLDER).mkdir()
    tasks = list(_tasks(told, clusters))
    result, stills = Filmed(), _Stills()
    done = 0
    for recording, one in enumerate(folder.recordings):
        mine = sorted((task for task in tasks if task.recording == recording),
                      key=lambda task: (task.frames[0], task.row))  # fmt: skip
        if not mine:
            continue
        drawing = _draw(folder, one, told[recording].clips, mine, page=page, result=result,
                        stills=stills)  # fmt: skip
        try:
            for count in drawing:
                yield Progress(done + count, len(tasks), f"{one.name}: pictures of clusters")
        except BehaviorVLMError as problem:
            result.notes.append(f"{one.name} has no pictures here: {problem}")
        done += len(mine)
    for cluster, pairs in stills.by_cluster():
        name = f"{FOLDER}/cluster{cluster}_sheet.webp"
        result.sheets[cluster] = Sheet(name, len(pairs))
        save(page / name, [sheet(pairs)])
    for loops in result.loops.values():
        loops.sort(key=lambda loop: loop.moving)
    return result


class _Stills:
    """Middle frames of clips that do not move, until all of a cluster are there."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int], Picture] = {}

    def keep(self, task: _Task, pair: Picture) -> None:
        self._pairs[task.cluster, task.place] = pair

    def by_cluster(self) -> Iterator[tuple[int, list[Picture]]]:
        for cluster in sorted({cluster for cluster, _ in self._pairs}):
            yield cluster, [self._pairs[key] for key in sorted(self._pairs) if key[0] == cluster]


def _tasks(told: Sequence[Told], clusters: Sequence[ClusterSummary]) -> Iterator[_Task]:
    for one in clusters:
        for place, example in enumerate(one.examples):
            clips = told[example.recording].clips
            frames = shown_frames(clips, example.row, rate=RATE, seconds=SECONDS)
            if place >= LOOPS:
                frames = (frames[len(frames) // 2],)
            yield _Task(one.number, place, example.recording, example.row, frames)


def _draw(
    folder: BehaviorFolder, recording: Recording, clips: Clips, tasks: Sequence[_Task], *,
    page: Path, result: Filmed, stills: _Stills,
) -> Iterator[int]:  # fmt: skip
    """Draw clips of one recording, and count them."""
    bodies = read_bodies(folder, recording)
    with pictures_of(folder, recording) as read:
        _require_pixels(folder, recording, bodies, read(tasks[0].frames[0]))
        for done, task in enumerate(tasks):
            yield done
            pairs = _pairs(read, bodies, clips, task)
            if task.place < LOOPS:
                loop = _loop(clips, task)
                save(page / loop.moving, pairs)
                save(page / loop.still, [pairs[len(pairs) // 2]])
                result.loops.setdefault(task.cluster, []).append(loop)
            else:
                stills.keep(task, pairs[0])


def _require_pixels(
    folder: BehaviorFolder, recording: Recording, bodies: BodyTracks, picture: NDArray[np.generic]
) -> None:  # fmt: skip
    """Raise where animals are known in space only, not in the picture."""
    if recording.pixel_poses is not None or recording.poses is None:
        return
    tracks = poses_of(folder, recording, bodies)
    if tracks is None or tracks.positions.shape[-1] == 2:
        return
    height, width = picture.shape[:2]
    centre = bodies.centre[np.isfinite(bodies.centre).all(axis=-1)]
    if not len(centre) or not ((centre >= 0) & (centre < [width, height])).all():
        raise VideoError("its poses are in space, and nobody knows where that is in the picture.")


def _pairs(read: ReadFrame, bodies: BodyTracks, clips: Clips, task: _Task) -> list[Picture]:
    drawer: ClipDrawer | None = None
    pairs = []
    for frame in task.frames:
        picture = read(frame)
        if drawer is None:
            span = int(clips.start[task.row]), int(clips.end[task.row])
            size = (picture.shape[1], picture.shape[0])
            drawer = ClipDrawer(bodies, int(clips.animal[task.row]), span, size)
        pairs.append(drawer.pair(frame, picture))
    return pairs


def _loop(clips: Clips, task: _Task) -> Loop:
    name = f"{FOLDER}/cluster{task.cluster}_{task.place + 1}"
    animal = int(clips.animal[task.row])
    return Loop(
        f"{name}.webp", f"{name}_still.webp", task.recording, animal, clips.animals[animal],
        int(clips.start[task.row]), int(clips.end[task.row]),
    )  # fmt: skip


def save(path: Path, pictures: Sequence[Picture]) -> None:
    """Write one picture, or several that loop, as WebP: every browser plays it."""
    from PIL import Image

    first, *rest = [Image.fromarray(picture) for picture in pictures]
    if not rest:
        first.save(path, quality=QUALITY, method=2)
        return
    first.save(
        path, save_all=True, append_images=rest, duration=round(1000 / RATE), loop=0,
        quality=QUALITY, method=2, kmin=0, kmax=0,  # key frames cost half of the time
    )  # fmt: skip
