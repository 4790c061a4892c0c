"""NWB files, read by pynwb and ndx-pose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """Positions, 3D points and what is called occluded; cameras and times must be equal."""
    import ndx_pose  # noqa: F401 - its types are known to the reader after this
    from pynwb import NWBHDF5IO

    (path,) = out.glob("*.nwb")
    with NWBHDF5IO(str(path), "r") as handle:
        file = handle.read()
        module = file.processing["behavior"]
        cells = Cells(session, path.name)
        rows = cells.rows(module["frame_numbers"].data[:])
        poses = module["MultiCameraPoseEstimation"]
        views = {int(cells.cameras([_camera_name(view)])[0]): view
                 for view in poses.pose_estimations.values()}  # fmt: skip
        for c, view in views.items():
            _check_camera(path.name, view.device, session, c)
        xy = cells.empty()
        for c, view in views.items():
            _fill(xy[:, c], rows, view, session, path.name)
        points = cells.no_points()
        if poses.pose_estimation_series:
            _fill(points, rows, poses, session, path.name)
        words = cells.no_words()
        words[rows] = module["visibility"].data[:] == 2
        yield Found(path.name, xy, points, words)


def _camera_name(view: Any) -> str:
    """Name of a camera as the project has it, from the device's description."""
    start: str = view.device.description.split(". Pixels", 1)[0]
    return start.removeprefix("Camera ")


def _fill(
    values: NDArray[np.float64],
    rows: NDArray[np.intp],
    group: Any,
    session: ExportSession,
    file: str,
) -> None:
    """Put the series of a group, in the skeleton's order, onto the session's axes (F, K, ..)."""
    assert session.fps is not None, "nothing is exported without"
    for k, node in enumerate(group.skeleton.nodes[:]):
        series = group.pose_estimation_series[node]
        times = series.get_timestamps()[:]
        if not np.allclose(times * session.fps, session.labels.frames[rows], rtol=0, atol=1e-3):
            raise ExportError(f"{file} has other times of {node} than those of its frames.")
        values[rows, k] = series.data[:]


def _check_camera(file: str, device: Any, session: ExportSession, camera: int) -> None:
    known = session.rig.cameras[camera]
    for key, value in (
        ("intrinsic_matrix", known.matrix), ("rotation_matrix", known.rotation_matrix),
        ("translation_vector", known.translation), ("distortion_coefficients", known.distortion),
    ):  # fmt: skip
        written = getattr(device, key)
        if not np.allclose([] if written is None else written[:], value, rtol=1e-9, atol=1e-12):
            raise ExportError(f"{file} has another {key} of camera {known.name!r}.")
