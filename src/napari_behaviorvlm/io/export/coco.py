"""Format ``coco``: COCO keypoints, all cameras in one ``annotations.json``, with their images.

``v`` is 2 with a position, 1 where a person said "occluded" and the 3D point of the other views
tells where (its projection), 0 otherwise. What else a 0 may mean stands in ``visibility`` of each
annotation, which COCO readers skip.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.io.export.frame_files import FrameFiles, camera_stems, image_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.selection import Visibility
from napari_behaviorvlm.io.export.sidecar import write_sidecar

ANNOTATIONS = "annotations.json"

VISIBLE, OCCLUDED, NOT_LABELLED = 2, 1, 0
"""COCO's v."""

MARGIN = 0.1
"""What the box has around the keypoints on each side, as a part of their longer extent."""


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write ``annotations.json``, ``images/<session>_<camera>/`` and the sidecar.

    A frame of a camera is part of it only if it has a selected position there.

    Parameters
    ----------
    task : ExportTask

    Yields
    ------
    Progress
        In images.

    Returns
    -------
    Outcome

    Raises
    ------
    ExportError
        If a picture does not fit or cannot be read.
    """
    session = task.session
    stems = camera_stems(session)
    files = FrameFiles(task, task.selection.n_pictures)
    for c, camera in enumerate(session.rig.names):
        rows = task.selection.frames_of(c)
        if len(rows):
            yield from files.write(
                camera, session.labels.frames[rows].tolist(), f"images/{stems[camera]}",
                lambda frame: image_name(frame, session.length),
            )  # fmt: skip
    yield Progress(files.total, files.total, "Writing annotations")
    _write_annotations(task, files, task.folder / ANNOTATIONS)
    write_sidecar(task, stems, files.images)
    folders = {path.rsplit("/", 1)[0]: None for path in files.images.values()}
    return Outcome((ANNOTATIONS, *folders))


@dataclass(frozen=True)
class _Picture:
    """One image of the set."""

    number: int
    camera: int
    row: int
    path: str


def _pictures(task: ExportTask, files: FrameFiles) -> Iterator[_Picture]:
    for number, ((camera, frame), path) in enumerate(files.images.items(), start=1):
        yield _Picture(number, task.session.rig.index(camera), task.session.labels.row(frame), path)


def _write_annotations(task: ExportTask, files: FrameFiles, path: Path) -> None:
    """Write picture by picture: as Python objects a large set would not fit into memory."""
    images = (_image(task, files, picture) for picture in _pictures(task, files))
    labels = (_annotation(task, files, picture) for picture in _pictures(task, files))
    with path.open("w", encoding="utf-8") as handle:
        handle.write(f'{{"info": {_line(_info(task))},\n"licenses": [],\n')
        handle.write(f'"categories": [{_line(_category(task))}],\n"images": [')
        for separator, image in zip(_separators(), images, strict=False):
            handle.write(separator + _line(image))
        handle.write('\n],\n"annotations": [')
        for separator, label in zip(_separators(), labels, strict=False):
            handle.write(separator + _line(label))
        handle.write("\n]}\n")


def _separators() -> Iterator[str]:
    yield "\n"
    while True:
        yield ",\n"


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _info(task: ExportTask) -> dict[str, Any]:
    now = datetime.now(tz=UTC)
    return {
        "description": f"Keypoints of session {task.session.name}, {task.selection.only} labels",
        "version": f"napari-behaviorvlm {__version__}",
        "year": now.year,
        "contributor": task.session.scorer,
        "date_created": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _category(task: ExportTask) -> dict[str, Any]:
    skeleton = task.session.skeleton
    return {
        "id": 1,
        "name": "animal",
        "supercategory": "animal",
        "keypoints": list(skeleton.keypoints),
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.edge_indices],
    }


def _image(task: ExportTask, files: FrameFiles, picture: _Picture) -> dict[str, Any]:
    camera = task.session.rig.names[picture.camera]
    width, height = files.sizes[camera]
    return {
        "id": picture.number,
        "file_name": picture.path,
        "width": width,
        "height": height,
        "session": task.session.name,
        "camera": camera,
        "frame": int(task.session.labels.frames[picture.row]),
    }


def _annotation(task: ExportTask, files: FrameFiles, picture: _Picture) -> dict[str, Any]:
    size = files.sizes[task.session.rig.names[picture.camera]]
    xy, v = keypoints(task, picture.row, picture.camera, size)
    box = _box(xy[v > 0], size)
    cells = np.column_stack([np.where(v[:, None] > 0, xy, 0.0), v]).ravel().tolist()
    return {
        "id": picture.number,
        "image_id": picture.number,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": int((v > 0).sum()),
        "keypoints": [int(value) if at % 3 == 2 else value for at, value in enumerate(cells)],
        "bbox": box,
        "area": box[2] * box[3],
        "visibility": [
            Visibility(value).word
            for value in task.selection.visibility[picture.row, picture.camera]
        ],
    }


def keypoints(
    task: ExportTask, row: int, camera: int, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions and COCO's v of one view.

    Parameters
    ----------
    task : ExportTask
    row, camera : int
        Positions on the frame and camera axes.
    size : (int, int)
        Width and height of the picture.

    Returns
    -------
    xy : ndarray, shape (K, 2)
        Pixels, the centre of the top-left one at (0, 0); of what is occluded the projection of the
        3D point.
    v : ndarray of int64, shape (K,)
    """
    visible = task.selection.positions[row, camera]
    seen = project(task.session.rig.cameras[camera], task.selection.points[row])
    with np.errstate(invalid="ignore"):
        inside = ((seen > -0.5) & (seen < np.asarray(size) - 0.5)).all(axis=-1)
    hidden = (task.selection.visibility[row, camera] == Visibility.OCCLUDED) & inside
    xy = np.where(visible[:, None], task.session.labels.xy[row, camera], seen)
    return xy, np.where(visible, VISIBLE, np.where(hidden, OCCLUDED, NOT_LABELLED))


def _box(xy: NDArray[np.float64], size: tuple[int, int]) -> list[float]:
    """x, y, width, height around some keypoints, within the picture.

    Boxes are measured from the picture's corner, half a pixel before the centre of its first pixel.
    """
    low, high = xy.min(axis=0) + 0.5, xy.max(axis=0) + 0.5
    margin = max(MARGIN * float((high - low).max()), 1.0)
    low = (low - margin).clip(0, size)
    high = (high + margin).clip(0, size)
    return [*low.tolist(), *(high - low).tolist()]
