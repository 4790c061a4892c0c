"""Synchronised views side by side as layers: frames are decoded as they are looked at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.io.video import FrameReader, open_video
from napari_behaviorvlm.workflows.state import load_state

COLUMNS = 3
AXES = ("frame", "y", "x")
GAP = 16
"""Pixels between two views."""

LayerData = tuple[Any, dict[str, Any], str]


def six_view_mouse_layers() -> list[LayerData]:
    """Return the sample session as image layers (frames, height, width) in two rows."""
    return image_layers(six_view_mouse().videos("reflectance"))


def project_layers(folder: Path) -> list[LayerData]:
    """Return a project's views as image layers and its labels as a layer of named points."""
    with Project(folder, writable=False) as project:
        videos = {name: project.video(name) for name in project.rig.names}
        images = image_layers({name: path for name, path in videos.items() if path is not None})
        sizes = [view.size or (0, 0) for view in project.config.views.values()]
        return [*images, _label_layer(project, _corners(sizes))]


def image_layers(videos: Mapping[str, Path]) -> list[LayerData]:
    """Return one image layer a camera, placed in rows of `COLUMNS`; nothing is decoded yet."""
    readers = {camera: open_video(path) for camera, path in videos.items()}
    corners = _corners([reader.size for reader in readers.values()])
    return [
        _image_layer(camera, reader, corner)
        for (camera, reader), corner in zip(readers.items(), corners, strict=True)
    ]


def _corners(sizes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Row and column of each view's first pixel; all cells are as large as the largest view."""
    width = max((size[0] for size in sizes), default=0) + GAP
    height = max((size[1] for size in sizes), default=0) + GAP
    cells = (divmod(at, COLUMNS) for at in range(len(sizes)))
    return [(row * height, column * width) for row, column in cells]


def _image_layer(camera: str, reader: FrameReader, corner: tuple[int, int]) -> LayerData:
    options = {
        "name": camera,
        "translate": (0, *corner),
        "contrast_limits": (0, 255),
        "colormap": "gray",
        "axis_labels": AXES,
    }
    return _frames(reader), options, "image"


def _frames(reader: FrameReader) -> Any:
    """All frames as a dask array, one chunk a frame."""
    import dask.array as da

    width, height = reader.size
    return da.map_blocks(
        lambda block_info=None: reader.read(block_info[None]["chunk-location"][0])[None],
        chunks=((1,) * reader.n_frames, (height,), (width,)),
        dtype=reader.dtype,
    )


def _label_layer(project: Project, corners: list[tuple[int, int]]) -> LayerData:
    labels = load_state(project).labels
    frame, camera, keypoint = np.nonzero(np.isin(labels.status, LABELLED))
    yx = labels.xy[frame, camera, keypoint][:, ::-1] + np.array(corners)[camera]
    options = {
        "name": "labels",
        "features": {"keypoint": np.array(project.skeleton.keypoints)[keypoint]},
        "face_color": "keypoint",
        "face_color_cycle": _COLOURS,
        "border_color": "black",
        "size": 12,
        "canvas_size_limits": (6, 100),  # visible also when all views are
        # Names would cover the animal at this scale; "display text" in the controls shows them.
        "text": {"string": "{keypoint}", "size": 8, "color": "white", "visible": False},
        "axis_labels": AXES,
    }
    return np.column_stack([labels.frames[frame], yx]), options, "points"


# Okabe and Ito's colours, which colour-blind people can tell apart, and lighter ones of them.
_COLOURS = [
    "#E69F00", "#F5C75E", "#0072B2", "#56B4E9", "#A6DAF7", "#009E73",
    "#6FCFB2", "#D55E00", "#F09A5B", "#CC79A7", "#E3B0CC", "#F0E442",
]  # fmt: skip
