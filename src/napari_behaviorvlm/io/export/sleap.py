"""Format ``sleap``: labels that refer to the original videos.

Two files: ``<session>.slp`` holds plain labels, which every SLEAP reads; ``<session>.3d.slp`` adds
the calibrated cameras, the views of each frame tied together and the 3D points (format 2.8, which
SLEAP 1.4.1 and older refuse).
"""

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.images import FrameImages
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.export.sidecar import (
    sidecar_folder,
    write_calibration,
    write_visibility,
)
from napari_behaviorvlm.io.export.sleap_model import SleapModel, add_frame_groups, build_model
from napari_behaviorvlm.io.export.space import require_space

_IMAGES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write both files and the sidecar.

    Parameters
    ----------
    task : ExportTask

    Yields
    ------
    Progress
        In files.

    Returns
    -------
    Outcome
    """
    import sleap_io as sio

    name = safe_name(task.session.name, "session")
    yield Progress(0, 2, "Collecting labels")
    shapes = image_shapes(task)
    videos = {
        camera: sio.Video(
            filename=metadata.get("filenames", metadata["filename"]),
            backend_metadata=metadata, open_backend=False,
        )
        for camera, metadata in source_metadata(task.session, shapes).items()
    }  # fmt: skip
    model = build_model(task, videos)
    require_space(task.folder, 2 * label_bytes(task), task.out)
    sio.save_slp(model.labels, str(task.folder / f"{name}.slp"), verbose=False)
    yield Progress(1, 2, "Writing 3D")
    files = (f"{name}.slp", *write_3d(task, model, name))
    write_sleap_sidecar(task)
    yield Progress(2, 2, "Writing 3D")
    return Outcome(files, model.session is not None, tuple(model.warnings))


def write_3d(task: ExportTask, model: SleapModel, name: str) -> tuple[str, ...]:
    """Write ``<name>.3d.slp`` where the cameras allow; return its name.

    Parameters
    ----------
    task : ExportTask
    model : SleapModel
        Its labels gain the recording session with frame groups.
    name : str
    """
    import sleap_io as sio

    if model.session is None:
        return ()
    add_frame_groups(task, model)
    model.labels.sessions = [model.session]
    sio.save_slp(model.labels, str(task.folder / f"{name}.3d.slp"), verbose=False)
    return (f"{name}.3d.slp",)


def label_bytes(task: ExportTask) -> int:
    """Bound the size of a .slp file without images, in bytes."""
    views = int(task.selection.positions.any(axis=-1).sum())
    return (1 << 20) + views * (500 + 80 * len(task.session.skeleton))


def write_sleap_sidecar(task: ExportTask) -> None:
    """Write calibration and visibility beside the .slp files."""
    folder = sidecar_folder(task.folder)
    write_calibration(task.session.rig, folder / "calibration.toml")
    write_visibility(task.session, task.selection, folder / "visibility.csv")


def image_shapes(task: ExportTask) -> dict[str, tuple[int, int, int]]:
    """Height, width and channels of each camera's pictures, from its first exported frame.

    Cameras without one have the calibration's size (or the size of the others) and one channel.
    """
    shapes: dict[str, tuple[int, int, int]] = {}
    for c, camera in enumerate(task.session.rig):
        rows = task.selection.frames_of(c)
        pictures = FrameImages(task.session, camera.name)
        if len(rows):
            pictures.read(int(task.session.labels.frames[rows[0]]))
        if pictures.shape is not None:
            shapes[camera.name] = pictures.shape
    known = next(iter(shapes.values()))
    for camera in task.session.rig:
        width, height = camera.size or (known[1], known[0])
        shapes.setdefault(camera.name, (height, width, known[2]))
    return shapes


def source_metadata(
    session: ExportSession, shapes: dict[str, tuple[int, int, int]]
) -> dict[str, dict[str, Any]]:
    """How SLEAP finds each camera's original pictures (its ``videos_json`` backend).

    Parameters
    ----------
    session : ExportSession
    shapes : dict of str to (int, int, int)
        Height, width and channels.

    Returns
    -------
    dict of str to dict
        In the rig's order, of the cameras that have pictures.
    """
    result = {}
    for camera in session.rig.names:
        if camera not in session.videos:
            continue
        source, shape = session.videos[camera], shapes[camera]
        common = {
            "shape": [session.length, *shape],
            "grayscale": shape[2] == 1,
            "fps": session.fps,
        }
        if isinstance(source, Path) and not source.is_dir():
            result[camera] = {
                "type": "MediaVideo", "filename": source.absolute().as_posix(), "bgr": True,
                "dataset": "", "input_format": "", **common,
            }  # fmt: skip
        else:
            images = list(_folder_images(source) if isinstance(source, Path) else source)
            names = [image.absolute().as_posix() for image in images]
            result[camera] = {
                "type": "ImageVideo", "filename": names[0] if names else "", "filenames": names,
                "height_": shape[0], "width_": shape[1], "channels_": shape[2], **common,
            }  # fmt: skip
    return result


def _folder_images(folder: Path) -> list[Path]:
    """Images of a folder in natural order: img2 before img10."""
    images = [path for path in folder.iterdir() if path.suffix.lower() in _IMAGES]
    return sorted(images, key=lambda path: [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)
    ])  # fmt: skip
