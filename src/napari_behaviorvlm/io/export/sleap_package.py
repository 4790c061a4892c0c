"""Format ``sleap-pkg``: labels with their images inside.

``<session>.pkg.slp`` holds the exact frames as PNG and the calibrated cameras linked to them
(format 1.4, which every SLEAP reads); ``<session>.3d.slp`` beside it adds frame groups and 3D
points and refers to the package's images.

The images are put in here and not by sleap-io for three reasons: its writer loses the link between
cameras and videos when it embeds images (0.9.5), it keeps all of them in memory, and it would
decode the video a second time with a reader of its own.
"""

import json
from collections.abc import Generator
from typing import Any

import h5py
import numpy as np

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.images import FrameImages
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.sleap import (
    image_shapes,
    label_bytes,
    source_metadata,
    write_3d,
    write_sleap_sidecar,
)
from napari_behaviorvlm.io.export.sleap_model import build_model
from napari_behaviorvlm.io.export.space import require_space

_CHUNK = 1 << 16
_ATTRIBUTE_LIMIT = 60_000


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write the package, the 3D file and the sidecar; images go in one by one.

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
    import sleap_io as sio

    name = safe_name(task.session.name, "session")
    package = f"{name}.pkg.slp"
    yield Progress(0, 0, "Collecting labels")
    shapes = image_shapes(task)
    sources = source_metadata(task.session, shapes)
    model = build_model(task, _embedded_videos(sources, "."))
    if model.session is not None:
        model.labels.sessions = [model.session]
    require_space(task.folder, 2 * label_bytes(task), task.out)
    sio.save_slp(model.labels, str(task.folder / package), verbose=False)
    yield from _embed(task, package, sources)
    linked = build_model(task, _embedded_videos(sources, package))
    files = (package, *write_3d(task, linked, name))
    write_sleap_sidecar(task)
    return Outcome(files, model.session is not None, tuple(model.warnings))


def _embedded_videos(sources: dict[str, dict[str, Any]], filename: str) -> dict[str, Any]:
    """Describe the package's videos as seen from inside (".") or from a file beside it."""
    import sleap_io as sio

    videos = {}
    for index, (camera, source) in enumerate(sources.items()):
        metadata = {
            "type": "HDF5Video", "filename": filename, "dataset": f"video{index}/video",
            "shape": source["shape"], "input_format": "channels_last", "convert_range": False,
            "has_embedded_images": True, "grayscale": source["grayscale"], "fps": source["fps"],
        }  # fmt: skip
        videos[camera] = sio.Video(filename=filename, backend_metadata=metadata, open_backend=False)
    return videos


def _embed(
    task: ExportTask, package: str, sources: dict[str, dict[str, Any]]
) -> Generator[Progress, None, None]:
    done, total = 0, int(task.selection.positions.any(axis=-1).sum())
    with h5py.File(task.folder / package, "a") as file:
        for index, (camera, source) in enumerate(sources.items()):
            rows = task.selection.frames_of(task.session.rig.index(camera))
            frames = task.session.labels.frames[rows]
            group = file.require_group(f"video{index}")
            group.create_dataset("frame_numbers", data=frames.astype(np.int64))
            _describe_source(group, source)
            images = _image_dataset(group, len(frames), source)
            pictures = FrameImages(task.session, camera)
            for row, frame in enumerate(frames.tolist()):
                yield Progress(done, total, f"Embedding images of {camera}")
                data = pictures.png(frame)
                require_space(task.folder, len(data), task.out)
                _put(images, row, data)
                done += 1
    yield Progress(done, total, "Embedding images")


def _image_dataset(group: h5py.Group, count: int, source: dict[str, Any]) -> h5py.Dataset:
    """Rows of PNG bytes, padded with zeros; grows with the longest image so far.

    Chunks hold a part of one row, so that padding takes no space on disk.
    """
    images = group.create_dataset(
        "video", shape=(count, 0), maxshape=(None, None), dtype="int8", chunks=(1, _CHUNK)
    )
    images.attrs["format"] = "png"
    images.attrs["channel_order"] = "RGB"
    names = ("frames", "height", "width", "channels")
    for name, value in zip(names, source["shape"], strict=True):
        images.attrs[name] = value
    if source["fps"] is not None:
        images.attrs["fps"] = source["fps"]
    return images


def _put(images: h5py.Dataset, row: int, data: bytes) -> None:
    if len(data) > images.shape[1]:
        images.resize(len(data), axis=1)
    images[row, : len(data)] = np.frombuffer(data, np.int8)


def _describe_source(group: h5py.Group, source: dict[str, Any]) -> None:
    """Say where the images come from, so that SLEAP can go back to the recording."""
    text = json.dumps({"filename": source["filename"], "backend": source})
    holder = group.create_group("source_video")
    if len(text.encode()) <= _ATTRIBUTE_LIMIT:
        holder.attrs["json"] = text
    else:
        # HDF5 attributes end at 64 KiB; sleap-io looks for a dataset too.
        holder.create_dataset("json", data=np.bytes_(text.encode()))
