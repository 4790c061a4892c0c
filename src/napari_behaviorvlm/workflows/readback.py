"""Reading an export back with other people's readers, and comparing it with what was selected.

Nothing of our writers is used here: tables are read by pandas, SLEAP files by sleap-io, DeepLabCut
folders as DeepLabCut does (pandas), anipose's calibration as plain TOML.
"""

import json
import re
import tomllib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import ExportReport, ExportSession
from napari_behaviorvlm.io.export.selection import Selection

TOLERANCE = 1e-6
"""Pixels and units of length by which a number may differ after it was written as text."""


@dataclass(frozen=True)
class ReadBack:
    """What was found in the files.

    Parameters
    ----------
    labels, views, points : int
        Positions in the views, views that have some, 3D points.
    difference : str
        The first thing that is not as it was selected, "" if there is none.
    """

    labels: int
    views: int
    points: int
    difference: str = ""

    @property
    def sentence(self) -> str:
        """The outcome for a person."""
        if self.difference:
            return f"Read back: {self.difference} Do not use these files, and report this."
        parts = [f"{self.labels} labels in {self.views} views"] if self.labels else []
        parts += [f"{self.points} 3D points"] if self.points else []
        return f"Read back: {' and '.join(parts)}, all equal."


@dataclass(eq=False)
class Found:
    """What one file says, on the axes of the session.

    Parameters
    ----------
    file : str
    xy : ndarray, shape (F, C, K, 2), or None
        None where the file holds no positions in the views.
    points : ndarray, shape (F, K, 3), or None
        None where it holds no 3D points.
    """

    file: str
    xy: NDArray[np.float64] | None = None
    points: NDArray[np.float64] | None = None


Reader = Callable[[Path, ExportSession], Iterator[Found]]


def read_back(
    report: ExportReport, session: ExportSession, selection: Selection
) -> Generator[Progress, None, ReadBack]:
    """Read the files of an export and compare counts and positions.

    Parameters
    ----------
    report : ExportReport
    session : ExportSession
    selection : Selection
        What was to be written.

    Yields
    ------
    Progress

    Returns
    -------
    ReadBack
    """
    labels = views = points = 0
    difference = ""
    try:
        for found in READERS[report.format](report.out, session):
            yield Progress(0, 0, f"Reading back {found.file}")
            difference = difference or _difference(found, session, selection)
            if found.xy is not None:
                cameras = np.nonzero(np.isfinite(found.xy).all(axis=-1))[1]
                labels, views = len(cameras), len(np.unique(cameras))
            if found.points is not None:
                points = int(np.isfinite(found.points).all(axis=-1).sum())
    except ExportError as error:
        difference = difference or str(error)
    except (OSError, ValueError, KeyError, IndexError, EOFError) as error:
        kind = type(error).__name__
        difference = difference or f"a file of {report.out} cannot be read ({kind}: {error})."
    return ReadBack(labels, views, points, difference)


# Comparing -----------------------------------------------------------------------------------


def _difference(found: Found, session: ExportSession, selection: Selection) -> str:
    """Return the first difference in one sentence, "" if everything is equal."""
    keypoints = session.skeleton.keypoints
    if found.xy is not None:
        wanted = np.where(selection.positions[..., None], session.labels.xy, np.nan)
        cell = _first_unequal(found.xy, wanted)
        if cell is not None:
            what = f"{keypoints[cell[2]]} of {session.rig.names[cell[1]]}"
            start = f"in {found.file}, frame {int(session.labels.frames[cell[0]])}, {what}"
            return f"{start} {_what_differs(found.xy[cell], wanted[cell])}"
    if found.points is not None:
        cell = _first_unequal(found.points, selection.points)
        if cell is not None:
            what = f"the 3D point {keypoints[cell[1]]}"
            start = f"in {found.file}, frame {int(session.labels.frames[cell[0]])}, {what}"
            return f"{start} {_what_differs(found.points[cell], selection.points[cell])}"
    return ""


def _first_unequal(
    found: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[int, ...] | None:
    wrong = ~np.isclose(found, wanted, rtol=0, atol=TOLERANCE, equal_nan=True).all(axis=-1)
    if not wrong.any():
        return None
    return tuple(int(at[0]) for at in np.nonzero(wrong))


def _what_differs(is_at: NDArray[np.float64], was: NDArray[np.float64]) -> str:
    if np.isnan(is_at).any():
        return f"is missing, which was selected at {_numbers(was)}."
    if np.isnan(was).any():
        return f"is at {_numbers(is_at)}, but was not selected."
    return f"is at {_numbers(is_at)}, but was selected at {_numbers(was)}."


def _numbers(position: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:.3f}' for value in position)})"


class _Cells:
    """Puts values that are named by frame, camera and keypoint onto the session's axes."""

    def __init__(self, session: ExportSession, file: str) -> None:
        self._session, self._file = session, file
        self._cameras = {name: at for at, name in enumerate(session.rig.names)}
        self._keypoints = {name: at for at, name in enumerate(session.skeleton.keypoints)}

    def empty(self) -> NDArray[np.float64]:
        """No position in any view, shape (F, C, K, 2)."""
        return np.full((*self._session.labels.status.shape, 2), np.nan)

    def no_points(self) -> NDArray[np.float64]:
        """No 3D point, shape (F, K, 3)."""
        shape = self._session.labels.status.shape
        return np.full((shape[0], shape[2], 3), np.nan)

    def rows(self, frames: Any) -> NDArray[np.intp]:
        """Rows of frame numbers."""
        wanted, known = np.asarray(frames, np.int64), self._session.labels.frames
        rows = np.searchsorted(known, wanted).clip(max=len(known) - 1)
        if (known[rows] != wanted).any():
            frame = int(wanted[known[rows] != wanted][0])
            raise ExportError(f"{self._file} has frame {frame}, which was not selected.")
        return rows

    def cameras(self, names: Any) -> NDArray[np.intp]:
        """Positions of camera names."""
        return self._positions(names, self._cameras, "camera")

    def keypoints(self, names: Any) -> NDArray[np.intp]:
        """Positions of keypoint names."""
        return self._positions(names, self._keypoints, "keypoint")

    def _positions(self, names: Any, known: dict[str, int], what: str) -> NDArray[np.intp]:
        words, inverse = np.unique(np.asarray(names, dtype=str), return_inverse=True)
        unknown = [word for word in words.tolist() if word not in known]
        if unknown:
            raise ExportError(f"{self._file} has the unknown {what} {unknown[0]!r}.")
        return np.array([known[word] for word in words.tolist()], np.intp)[inverse]


# Tables --------------------------------------------------------------------------------------


def _read_csv(out: Path, session: ExportSession) -> Iterator[Found]:
    import pandas as pd

    def table(name: str, numbers: list[str], words: list[str]) -> Any:
        # Names stay words, whatever they look like ("NA", "001").
        return pd.read_csv(
            out / name, usecols=["frame", *words, *numbers], dtype=dict.fromkeys(words, str),
            keep_default_na=False, na_values={column: [""] for column in numbers},
            encoding="utf-8",
        )  # fmt: skip

    yield from _of_tables(
        session, "csv",
        lambda name: table(name, ["x", "y"], ["camera", "keypoint"]),
        lambda name: table(name, ["x", "y", "z"], ["keypoint"]),
    )  # fmt: skip


def _read_parquet(out: Path, session: ExportSession) -> Iterator[Found]:
    import pandas as pd

    def table(name: str) -> Any:
        return pd.read_parquet(out / name)

    yield from _of_tables(session, "parquet", table, table)


def _of_tables(
    session: ExportSession, suffix: str, labels: Callable[[str], Any], poses: Callable[[str], Any]
) -> Iterator[Found]:
    name = f"labels2d.{suffix}"
    cells, table = _Cells(session, name), labels(name)
    table = table[table["x"].notna()]
    xy = cells.empty()
    at = (
        cells.rows(table["frame"]), cells.cameras(table["camera"]),
        cells.keypoints(table["keypoint"]),
    )  # fmt: skip
    xy[at] = table[["x", "y"]].to_numpy(float)
    yield Found(name, xy=xy)
    name = f"pose3d.{suffix}"
    cells, table = _Cells(session, name), poses(name)
    table = table[table["x"].notna()]
    points = cells.no_points()
    points[cells.rows(table["frame"]), cells.keypoints(table["keypoint"])] = table[
        ["x", "y", "z"]
    ].to_numpy(float)
    yield Found(name, points=points)


# DeepLabCut ----------------------------------------------------------------------------------


def _read_dlc(out: Path, session: ExportSession) -> Iterator[Found]:
    """Both label files of every folder; every image must be there, the first be the exact frame."""
    import pandas as pd

    folders = _dlc_folders(out)
    h5, csv = _Cells(session, "CollectedData .h5"), _Cells(session, "CollectedData .csv")
    positions = {h5: h5.empty(), csv: csv.empty()}
    for folder, camera in folders.items():
        (path,) = (out / "labeled-data" / folder).glob("CollectedData_*.h5")
        tables = {
            h5: pd.read_hdf(path, "df_with_missing"),
            csv: pd.read_csv(
                path.with_suffix(".csv"), header=[0, 1, 2], index_col=[0, 1, 2]
            ),
        }  # fmt: skip
        for cells, table in tables.items():
            _put_dlc(cells, table, camera, positions[cells])
        _check_images(out, tables[h5], camera, session)
    yield Found("the .h5 files", xy=positions[h5])
    yield Found("the .csv files", xy=positions[csv])


def _dlc_folders(out: Path) -> dict[str, str]:
    """Cameras by their folders in labeled-data."""
    text = (out / "behaviorvlm" / "frame_map.json").read_text("utf-8")
    entries = json.loads(text)["images"]
    return {entry["stem"]: entry["camera"] for entry in entries}


def _put_dlc(cells: _Cells, table: Any, camera: str, xy: NDArray[np.float64]) -> None:
    frames = [int(re.findall(r"\d+", Path(index[-1]).stem)[-1]) for index in table.index]
    keypoints = list(dict.fromkeys(table.columns.get_level_values("bodyparts")))
    values = table.to_numpy(float).reshape(len(frames), len(keypoints), 2)
    (at,) = cells.cameras([camera])
    xy[cells.rows(frames)[:, None], at, cells.keypoints(keypoints)[None]] = values


def _check_images(out: Path, table: Any, camera: str, session: ExportSession) -> None:
    import cv2

    images = [out.joinpath(*index) for index in table.index]
    missing = next((image for image in images if not image.is_file()), None)
    if missing is not None:
        raise ExportError(f"{missing} is missing, which the labels name.")
    # Not cv2.imread: it knows no other letters than the system's on Windows.
    found = cv2.imdecode(np.fromfile(images[0], np.uint8), cv2.IMREAD_UNCHANGED)
    frame = int(re.findall(r"\d+", images[0].stem)[-1])
    wanted = session.read_image(camera, frame)
    wanted = wanted[..., ::-1] if wanted.ndim == 3 and wanted.shape[2] == 3 else wanted.squeeze()
    if found is None or not np.array_equal(found, wanted):
        raise ExportError(f"{images[0]} is not frame {frame} of camera {camera!r}.")


# SLEAP ---------------------------------------------------------------------------------------


def _read_sleap(out: Path, session: ExportSession) -> Iterator[Found]:
    import sleap_io as sio

    for path in sorted(out.glob("*.slp")):
        labels = sio.load_slp(str(path), open_videos=False)
        cells = _Cells(session, path.name)
        points = _sleap_points(cells, labels) if path.name.endswith(".3d.slp") else None
        yield Found(path.name, _sleap_positions(cells, labels, session), points)


def _sleap_positions(cells: _Cells, labels: Any, session: ExportSession) -> NDArray[np.float64]:
    keypoints = cells.keypoints([node.name for node in labels.skeletons[0].nodes])
    cameras = {id(video): _sleap_camera(video, labels, session) for video in labels.videos}
    rows = cells.rows([labelled.frame_idx for labelled in labels])
    xy = cells.empty()
    for row, labelled in zip(rows, labels, strict=True):
        for instance in labelled.instances:
            points = instance.points
            seen = np.asarray(points["visible"], bool)
            xy[row, cameras[id(labelled.video)], keypoints[seen]] = points["xy"][seen]
    return xy


def _sleap_camera(video: Any, labels: Any, session: ExportSession) -> int:
    """Camera axis position of a video: by the cameras in the file, else by the recording's path."""
    for recording in labels.sessions:
        camera = recording.get_camera(video)
        if camera is not None:
            return session.rig.index(camera.name)
    source = video.source_video or video
    name = source.filename if isinstance(source.filename, str) else source.filename[0]
    for at, camera in enumerate(session.rig.names):
        known = session.videos.get(camera)
        first = known if known is None or isinstance(known, Path) else known[0]
        if first is not None and Path(name).is_relative_to(first.absolute()):
            return at
    raise ExportError(f"a .slp file names the video {name}, which is none of the recording's.")


def _sleap_points(cells: _Cells, labels: Any) -> NDArray[np.float64]:
    points = cells.no_points()
    keypoints = cells.keypoints([node.name for node in labels.skeletons[0].nodes])
    for recording in labels.sessions:
        for frame, group in recording.frame_groups.items():
            for instance in group.instance_groups:
                if instance.instance_3d is not None:
                    points[cells.rows([frame])[0], keypoints] = instance.points
    return points


# anipose -------------------------------------------------------------------------------------


def _read_anipose(out: Path, session: ExportSession) -> Iterator[Found]:
    import pandas as pd

    _check_anipose_calibration(out / "calibration" / "calibration.toml", session)
    (path,) = (out / "pose-3d").glob("*.csv")
    table = pd.read_csv(path)
    cells = _Cells(session, path.name)
    columns = [[f"{name}_{axis}" for axis in "xyz"] for name in session.skeleton.keypoints]
    values = np.stack([table[names].to_numpy(float) for names in columns], axis=1)
    present = np.isfinite(values).any(axis=(1, 2))
    points = cells.no_points()
    points[cells.rows(table["fnum"].to_numpy()[present])] = values[present]
    yield Found(path.name, points=points)


def _check_anipose_calibration(path: Path, session: ExportSession) -> None:
    tables = tomllib.loads(path.read_text("utf-8"))
    by_name = {table["name"]: table for key, table in tables.items() if key != "metadata"}
    for camera in session.rig:
        table = by_name.get(camera.name)
        if table is None:
            raise ExportError(f"{path.name} lacks camera {camera.name!r}.")
        for key, value in (
            ("matrix", camera.matrix), ("rotation", camera.rotation),
            ("translation", camera.translation), ("distortions", camera.distortion),
        ):  # fmt: skip
            if not np.allclose(np.ravel(table[key]), np.ravel(value), rtol=1e-9, atol=1e-12):
                raise ExportError(f"{path.name} has another {key} of camera {camera.name!r}.")


READERS: dict[str, Reader] = {
    "dlc": _read_dlc, "sleap": _read_sleap, "sleap-pkg": _read_sleap,
    "csv": _read_csv, "parquet": _read_parquet, "anipose": _read_anipose,
}  # fmt: skip
"""An independent reader for every export format."""
