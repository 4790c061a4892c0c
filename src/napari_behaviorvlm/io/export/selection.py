"""Which labels leave the project: the one place where that is decided."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.io.export.session import ExportSession, Only

_POSITIONS = {
    "accepted": (Status.ACCEPTED, Status.CORRECTED),
    "all": (Status.ACCEPTED, Status.CORRECTED, Status.PROPOSED),
}


class Visibility(IntEnum):
    """Why a cell of an exported frame has a position, or has none."""

    UNLABELLED = 0
    VISIBLE = 1
    OCCLUDED = 2
    OUT_OF_VIEW = 3
    UNCONFIRMED = 4
    REJECTED = 5

    @property
    def word(self) -> str:
        """Lower-case name as it stands in files."""
        return self.name.lower()


@dataclass(frozen=True, eq=False)
class Selection:
    """The part of a session that is exported.

    Parameters
    ----------
    only : {"accepted", "all"}
    positions : ndarray of bool, shape (F, C, K)
        2D labels to write.
    visibility : ndarray of uint8, shape (F, C, K)
        Values of `Visibility`.
    points : ndarray, shape (F, K, 3)
        3D points to write, aligned with the labels' frames; NaN elsewhere.
    pose_rows : ndarray of int64, shape (F,)
        Row of each frame in the session's poses, -1 where it has none.
    point_status, point_source : ndarray of uint8, shape (F, K)
        What holds of the 3D point (`point_status` says how the views' answers combine).
    """

    only: Only
    positions: NDArray[np.bool_]
    visibility: NDArray[np.uint8]
    points: NDArray[np.float64]
    pose_rows: NDArray[np.int64]
    point_status: NDArray[np.uint8]
    point_source: NDArray[np.uint8]

    def frames_of(self, camera: int) -> NDArray[np.intp]:
        """Rows of the frames in which this camera has a position to write."""
        return np.flatnonzero(self.positions[:, camera].any(axis=1))

    @property
    def n_pictures(self) -> int:
        """Views of frames that have a position to write, over all cameras."""
        return int(self.positions.any(axis=-1).sum())


def select(session: ExportSession, only: Only) -> Selection:
    """Decide which labels of a session are exported.

    ``accepted`` takes positions that are accepted or corrected and occlusions that a person
    stated; ``all`` takes proposals and proposed occlusions too. Rejected labels never leave.

    Parameters
    ----------
    session : ExportSession
    only : {"accepted", "all"}

    Returns
    -------
    Selection

    Raises
    ------
    ExportError
        If no position is selected; the sentence says what to do.
    """
    labels = session.labels
    finite = np.isfinite(labels.xy).all(axis=-1)
    positions = np.isin(labels.status, _POSITIONS[only]) & finite
    if not positions.any():
        raise ExportError(_nothing(session, only))
    status = point_status(labels)
    rows = _pose_rows(session)
    return Selection(
        only, positions, visibility_of(labels, positions, only),
        _points(session, rows, np.isin(status, _POSITIONS[only])), rows, status,
        point_source(labels),
    )  # fmt: skip


def _nothing(session: ExportSession, only: Only) -> str:
    if only == "accepted" and np.any(session.labels.status == Status.PROPOSED):
        return (
            f"No label of session {session.name!r} is accepted yet; review some or pass --only all."
        )
    return f"Session {session.name!r} has no labels to export; label some frames first."


def visibility_of(labels: Labels, positions: NDArray[np.bool_], only: Only) -> NDArray[np.uint8]:
    """Say of every cell why it has a position or none.

    Parameters
    ----------
    labels : Labels
    positions : ndarray of bool, shape (F, C, K)
        Positions that are exported.
    only : {"accepted", "all"}
        With ``accepted``, an occlusion that no person stated is unconfirmed.

    Returns
    -------
    ndarray of uint8, shape (F, C, K)
        Values of `Visibility`.
    """
    visibility = np.full(labels.status.shape, Visibility.UNLABELLED, np.uint8)
    occluded = labels.status == Status.OCCLUDED
    confirmed = occluded & ((labels.source == Source.HUMAN) | (only == "all"))
    visibility[(labels.status == Status.PROPOSED) | occluded] = Visibility.UNCONFIRMED
    visibility[confirmed] = Visibility.OCCLUDED
    visibility[labels.status == Status.OUT_OF_VIEW] = Visibility.OUT_OF_VIEW
    visibility[labels.status == Status.REJECTED] = Visibility.REJECTED
    visibility[positions] = Visibility.VISIBLE
    return visibility


def point_status(labels: Labels) -> NDArray[np.uint8]:
    """Status of each 3D point, from the status of the views that see it.

    A point counts as accepted when at least two views, and at least half of those that carry a
    position, are accepted or corrected (two views determine a point); as corrected when one of
    those was corrected; as proposed when views carry positions but too few are reviewed. Without
    any position it is occluded, out of view, rejected or unlabelled, the first that holds of a
    view.

    Parameters
    ----------
    labels : Labels

    Returns
    -------
    ndarray of uint8, shape (F, K)
    """
    status = labels.status
    corrected = (status == Status.CORRECTED).any(axis=1)
    reviewed = np.isin(status, (Status.ACCEPTED, Status.CORRECTED)).sum(axis=1)
    located = reviewed + (status == Status.PROPOSED).sum(axis=1)
    result = np.full(reviewed.shape, Status.UNLABELLED, np.uint8)
    for empty in (Status.REJECTED, Status.OUT_OF_VIEW, Status.OCCLUDED):
        result[(status == empty).any(axis=1)] = empty
    result[located > 0] = Status.PROPOSED
    agreed = (reviewed >= 2) & (2 * reviewed >= located)
    result[agreed] = np.where(corrected[agreed], Status.CORRECTED, Status.ACCEPTED)
    return result


def point_source(labels: Labels) -> NDArray[np.uint8]:
    """Source of each 3D point: human if a person set one of its views, else the most frequent.

    Only views that carry a position count, or all that say anything where none does.

    Parameters
    ----------
    labels : Labels

    Returns
    -------
    ndarray of uint8, shape (F, K)
        Values of `Source`; NONE where no view says anything.
    """
    located = np.isin(labels.status, _POSITIONS["all"])
    counted = located | ~located.any(axis=1, keepdims=True)
    counts = np.stack([((labels.source == source) & counted).sum(axis=1) for source in Source])
    counts[Source.NONE] = 0
    result: NDArray[np.uint8] = np.argmax(counts, axis=0).astype(np.uint8)
    result[counts[Source.HUMAN] > 0] = Source.HUMAN
    return result


def _pose_rows(session: ExportSession) -> NDArray[np.int64]:
    frames = session.labels.frames
    if session.poses is None or not session.poses.frames.size:
        return np.full(len(frames), -1, np.int64)
    known = session.poses.frames
    at = np.searchsorted(known, frames).clip(max=len(known) - 1)
    return np.where(known[at] == frames, at, -1).astype(np.int64)


def _points(
    session: ExportSession, rows: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    points = np.full((*chosen.shape, 3), np.nan)
    if session.poses is not None:
        present = rows >= 0
        points[present] = session.poses.points[rows[present]]
    points[~chosen] = np.nan
    return points
