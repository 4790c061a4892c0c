"""Compare what is in the files with what was selected."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import ExportReport, ExportSession
from napari_behaviorvlm.io.export.selection import Selection, Visibility
from napari_behaviorvlm.workflows.readback import (
    anipose,
    coco,
    deeplabcut,
    lightning_pose,
    nwb,
    sleap,
    tables,
)
from napari_behaviorvlm.workflows.readback.found import Found, Reader

READERS: dict[str, Reader] = {
    "dlc": deeplabcut.read,
    "sleap": sleap.read,
    "sleap-pkg": sleap.read,
    "lightning-pose": lightning_pose.read,
    "coco": coco.read,
    "nwb": nwb.read,
    "csv": tables.read_csv,
    "parquet": tables.read_parquet,
    "anipose": anipose.read,
}
"""An independent reader for every export format."""

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


def _difference(found: Found, session: ExportSession, selection: Selection) -> str:
    """Return the first difference in one sentence, "" if everything is equal."""
    return (
        _wrong_position(found, session, selection)
        or _wrong_word(found, session, selection)
        or _wrong_point(found, session, selection)
    )


def _wrong_position(found: Found, session: ExportSession, selection: Selection) -> str:
    if found.xy is None:
        return ""
    wanted = np.where(selection.positions[..., None], session.labels.xy, np.nan)
    cell = _first_unequal(found.xy, wanted)
    if cell is None:
        return ""
    return f"{_view(found, session, cell)} {_what_differs(found.xy[cell], wanted[cell])}"


def _wrong_word(found: Found, session: ExportSession, selection: Selection) -> str:
    if found.occluded is None:
        return ""
    occluded = selection.visibility == Visibility.OCCLUDED
    wrong: NDArray[np.bool_] = (found.occluded >= 0) & ((found.occluded == 1) != occluded)
    cell = _first_cell(wrong)
    if cell is None:
        return ""
    here, there = ("", "not ") if occluded[cell] else ("not ", "")
    return f"{_view(found, session, cell)} is {there}called occluded, but was {here}selected so."


def _wrong_point(found: Found, session: ExportSession, selection: Selection) -> str:
    if found.points is None:
        return ""
    cell = _first_unequal(found.points, selection.points)
    if cell is None:
        return ""
    start = f"in {found.file}, frame {int(session.labels.frames[cell[0]])}, the 3D point"
    differs = _what_differs(found.points[cell], selection.points[cell])
    return f"{start} {session.skeleton.keypoints[cell[1]]} {differs}"


def _view(found: Found, session: ExportSession, cell: tuple[int, ...]) -> str:
    row, camera, keypoint = cell
    where = f"in {found.file}, frame {int(session.labels.frames[row])}"
    return f"{where}, {session.skeleton.keypoints[keypoint]} of {session.rig.names[camera]}"


def _first_unequal(
    found: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[int, ...] | None:
    wrong = ~np.isclose(found, wanted, rtol=0, atol=TOLERANCE, equal_nan=True).all(axis=-1)
    return _first_cell(wrong)


def _first_cell(wrong: NDArray[np.bool_] | np.bool_) -> tuple[int, ...] | None:
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
