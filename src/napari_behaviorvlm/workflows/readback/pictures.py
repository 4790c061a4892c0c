"""The pictures of a training set: all there, and the first of each camera the exact frame."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession


def camera_folders(out: Path) -> dict[str, str]:
    """Return the cameras by the names of their folders of pictures, from the frame map."""
    text = (out / "behaviorvlm" / "frame_map.json").read_text("utf-8")
    return {entry["stem"]: entry["camera"] for entry in json.loads(text)["images"]}


def check_pictures(images: Mapping[int, Path], camera: str, session: ExportSession) -> None:
    """See that all pictures of a camera are there and the first one is the exact frame.

    Parameters
    ----------
    images : mapping of int to Path
        At least one, by frame number.
    camera : str
        Camera name.
    session : ExportSession

    Raises
    ------
    ExportError
        If one is missing or is not the frame it should be.
    """
    import cv2

    missing = next((image for image in images.values() if not image.is_file()), None)
    if missing is not None:
        raise ExportError(f"{missing} is missing, which the labels name.")
    frame, image = next(iter(images.items()))
    # Not cv2.imread: it knows no other letters than the system's on Windows.
    found = cv2.imdecode(np.fromfile(image, np.uint8), cv2.IMREAD_UNCHANGED)
    wanted = session.read_image(camera, frame)
    wanted = wanted[..., ::-1] if wanted.ndim == 3 and wanted.shape[2] == 3 else wanted.squeeze()
    if found is None or not np.array_equal(found, wanted):
        raise ExportError(f"{image} is not frame {frame} of camera {camera!r}.")
