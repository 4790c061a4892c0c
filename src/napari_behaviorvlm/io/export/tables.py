"""The two tables of the ``csv`` and ``parquet`` formats, a run of frames at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.export.selection import Selection, Visibility
from napari_behaviorvlm.io.export.session import ExportSession

Columns = dict[str, NDArray[Any]]

FRAMES_PER_CHUNK = 2000
"""Keeps a chunk of six cameras and twelve keypoints at about 20 MB."""

_STATUS_WORDS = np.array([status.word for status in Status], dtype=object)
_SOURCE_WORDS = np.array([source.word for source in Source], dtype=object)


def chunks(session: ExportSession) -> Iterator[slice]:
    """Yield runs of label rows that fit into memory together."""
    for start in range(0, len(session.labels.frames), FRAMES_PER_CHUNK):
        yield slice(start, start + FRAMES_PER_CHUNK)


def pose_columns(session: ExportSession, selection: Selection, rows: slice) -> Columns:
    """Return one row per frame and keypoint that has a selected 3D point or a selected view.

    Parameters
    ----------
    session : ExportSession
    selection : Selection
    rows : slice
        Rows of the labels.

    Returns
    -------
    dict of str to ndarray
        The columns of ``pose3d.csv`` in order; NaN, -1 and the empty word mean missing. ``flags``
        holds tuples of str. A row without a point keeps the reason in ``status``.
    """
    points = selection.points[rows]
    stated = (Visibility.VISIBLE, Visibility.OCCLUDED)
    seen = np.isin(selection.visibility[rows], stated).any(axis=1)
    kept = np.asarray(~np.isnan(points).any(axis=-1))
    at, keypoint = np.nonzero(kept | seen)
    frames = session.labels.frames[rows][at]
    kept = kept[at, keypoint]
    x, y, z = points[at, keypoint].T
    return {
        "frame": frames,
        "keypoint": _keypoint_words(session, keypoint),
        "x": x, "y": y, "z": z,
        **_pose_values(session, selection.pose_rows[rows][at], keypoint, kept),
        "status": _STATUS_WORDS[selection.point_status[rows][at, keypoint]],
        "source": _SOURCE_WORDS[selection.point_source[rows][at, keypoint]],
        "flags": _flags(session, frames, keypoint),
    }  # fmt: skip


def _pose_values(
    session: ExportSession,
    pose_rows: NDArray[np.int64],
    keypoint: NDArray[np.intp],
    kept: NDArray[np.bool_],
) -> Columns:
    error, confidence = np.full(len(kept), np.nan), np.full(len(kept), np.nan, np.float32)
    n_views = np.full(len(kept), -1, np.int8)
    if session.poses is not None:
        cells = pose_rows[kept], keypoint[kept]
        error[kept] = session.poses.error[cells]
        n_views[kept] = session.poses.n_views[cells]
        confidence[kept] = session.poses.confidence[cells]
    return {"error_px": error, "n_views": n_views, "confidence": confidence}


def _flags(
    session: ExportSession, frames: NDArray[np.int64], keypoint: NDArray[np.intp]
) -> NDArray[Any]:
    flags = np.empty(len(frames), dtype=object)
    for index, cell in enumerate(zip(frames.tolist(), keypoint.tolist(), strict=True)):
        flags[index] = tuple(session.flags.get(cell, ()))
    return flags


def label_columns(session: ExportSession, selection: Selection, rows: slice) -> Columns:
    """Return one row per selected position and per stated absence (occluded, out of view).

    Parameters
    ----------
    session : ExportSession
    selection : Selection
    rows : slice
        Rows of the labels.

    Returns
    -------
    dict of str to ndarray
        The columns of ``labels2d.csv`` in order; NaN, 0 (candidate) and the empty word mean
        missing. Unlabelled cells have no row.
    """
    labels = session.labels
    stated = (Visibility.VISIBLE, Visibility.OCCLUDED, Visibility.OUT_OF_VIEW)
    cells = np.nonzero(np.isin(selection.visibility[rows], stated))
    at, camera, keypoint = cells
    visible = selection.positions[rows][cells]
    x, y = np.where(visible, labels.xy[rows][cells].T, np.nan)
    return {
        "frame": labels.frames[rows][at],
        "camera": np.array(session.rig.names, dtype=object)[camera],
        "keypoint": _keypoint_words(session, keypoint),
        "candidate": np.where(visible, labels.candidate[rows][cells], 0).astype(np.int16),
        "x": x, "y": y,
        "error_px": _view_error(session, selection.pose_rows[rows][at], camera, keypoint, visible),
        "confidence": labels.confidence[rows][cells],
        "status": _STATUS_WORDS[labels.status[rows][cells]],
        "source": _SOURCE_WORDS[labels.source[rows][cells]],
    }  # fmt: skip


def _view_error(
    session: ExportSession,
    pose_rows: NDArray[np.int64],
    camera: NDArray[np.intp],
    keypoint: NDArray[np.intp],
    visible: NDArray[np.bool_],
) -> NDArray[np.float64]:
    error = np.full(len(visible), np.nan)
    known = visible & (pose_rows >= 0)
    if session.poses is not None:
        error[known] = session.poses.view_error[pose_rows[known], camera[known], keypoint[known]]
    return error


def _keypoint_words(session: ExportSession, keypoint: NDArray[np.intp]) -> NDArray[Any]:
    words: NDArray[Any] = np.array(session.skeleton.keypoints, dtype=object)[keypoint]
    return words
