"""Unlabelled matching across views: from numbered dots to 3D points without names.

Every pair of candidates of two cameras near each other's epipolar line is a hypothesis; it is
triangulated, looks for supporters in all other views, and is refined on them. Hypotheses are then
taken best support first, each candidate being used once; what loses a candidate to a better one
goes on with the rest. Three and more views are strong evidence, a pair alone is weak: points carry
their number of views and their residual so that whoever names them can tell.

All frames of a chunk are matched at once; memory is bounded by ``FusionSettings.chunk``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.identity.views import IdealViews, solve_points

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class FusionSettings:
    """How dots are matched.

    Parameters
    ----------
    gate_px : float
        Largest distance of two candidates from each other's epipolar lines (Sampson distance), and
        largest reprojection residual of a supporter, in ideal pixels.
    pair_gate_px : float
        The same for points seen by two cameras only.
    chunk : int
        Frames matched at once.
    box : ndarray, shape (2, 3), or None
        Lowest and highest world coordinates a point may have.
    """

    gate_px: float = 2.5
    pair_gate_px: float = 1.5
    chunk: int = 64
    box: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class FusedPoints:
    """3D points without names, sorted by frame, best support first.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
        Positions in the list of frames that was fused (not frame numbers).
    xyz : ndarray, shape (n, 3)
    number : ndarray of int16, shape (n, C)
        Candidate number in each view, 0 where the point has none.
    residual : ndarray, shape (n,)
        Root mean square reprojection residual over its views, ideal px.
    """

    frame: IntArray
    xyz: FloatArray
    number: NDArray[np.int16]
    residual: FloatArray

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def n_views(self) -> IntArray:
        """Number of supporting views, shape (n,)."""
        count: IntArray = (self.number > 0).sum(1)
        return count

    def poses(self, row: IntArray) -> FloatArray:
        """Return places (..., K, 3) of names that are rows of the points; NaN if hidden."""
        return np.where((row >= 0)[..., None], self.xyz[np.maximum(row, 0)], np.nan)

    def views(self, row: IntArray) -> IntArray:
        """Count the views of names, of any shape, that are rows of the points; 0 if hidden."""
        return np.where(row >= 0, self.n_views[np.maximum(row, 0)], 0)

    def select(self, rows: "slice | BoolArray | IntArray") -> "FusedPoints":
        """Return some of the points."""
        return FusedPoints(self.frame[rows], self.xyz[rows], self.number[rows], self.residual[rows])

    @classmethod
    def empty(cls, n_cameras: int) -> "FusedPoints":
        """Return no points."""
        numbers = np.zeros((0, n_cameras), np.int16)
        return cls(np.zeros(0, np.int64), np.zeros((0, 3)), numbers, np.zeros(0))

    @classmethod
    def concatenate(cls, parts: "list[FusedPoints]", n_cameras: int) -> "FusedPoints":
        """Join points of successive frames."""
        if not parts:
            return cls.empty(n_cameras)
        return cls(
            np.concatenate([p.frame for p in parts]), np.concatenate([p.xyz for p in parts]),
            np.concatenate([p.number for p in parts]), np.concatenate([p.residual for p in parts]),
        )  # fmt: skip


LEAST_NOISE = 0.01
"""Of a dot's coordinates, ideal px; no detector does better, and drawn dots may have none."""


def dot_noise(points: FusedPoints) -> float:
    """Estimate the standard deviation of the dots' coordinates, ideal px, from residuals.

    Parameters
    ----------
    points : FusedPoints
        Sure ones, of three and more views.

    Returns
    -------
    float
        At least `LEAST_NOISE`; infinite without points.
    """
    if not len(points):
        return np.inf
    freedom = 2 * points.n_views - 3
    # Medians, for one wrong view makes a large residual; that of chi-square by Wilson and Hilferty.
    usual = freedom * (1 - 2 / (9 * freedom)) ** 3
    noise = np.sqrt(np.median(points.residual**2 * points.n_views / usual))
    return max(float(noise), LEAST_NOISE)


@dataclass(eq=False)
class _Hypotheses:
    """Rows sorted by frame.

    ``index`` (n, C) is the candidate's row in each view, -1 for none; ``gain`` (n, C) is the view's
    share in the score, 1 for a perfect supporter and 0 at the gate.
    """

    frame: IntArray
    index: IntArray
    gain: FloatArray

    def select(self, rows: "BoolArray | IntArray") -> "_Hypotheses":
        return _Hypotheses(self.frame[rows], self.index[rows], self.gain[rows])


def fuse(
    views: IdealViews,
    candidates: CandidateTable,
    frames: IntArray,
    settings: FusionSettings | None = None,
) -> Iterator[FusedPoints]:
    """Match candidates across views, chunk by chunk.

    Parameters
    ----------
    views : IdealViews
    candidates : CandidateTable
        May hold other frames as well.
    frames : ndarray of int64, shape (F,)
        Frame numbers to match, ascending.
    settings : FusionSettings, optional

    Yields
    ------
    FusedPoints
        Of the next ``settings.chunk`` frames; ``frame`` counts positions in ``frames``.
    """
    settings = settings or FusionSettings()
    for start in range(0, len(frames), settings.chunk):
        part = frames[start : start + settings.chunk]
        fused = fuse_padded(views, ideal_candidates(views, candidates, part), settings)
        yield FusedPoints(fused.frame + start, fused.xyz, fused.number, fused.residual)


def ideal_candidates(views: IdealViews, candidates: CandidateTable, frames: IntArray) -> FloatArray:
    """Ideal pixels of the candidates of some frames, padded with NaN to one array.

    Returns
    -------
    ndarray, shape (F, C, N, 2)
        Candidate number ``n`` stands in row ``n - 1``.
    """
    low, high = np.searchsorted(candidates.frame, [frames[0], frames[-1] + 1])
    part = candidates.select(slice(int(low), int(high)))
    part = part.select(np.isin(part.frame, frames))
    most = int(part.number.max(initial=1))
    padded = np.full((len(frames), len(views.rig), most, 2), np.nan)
    row = np.searchsorted(frames, part.frame)
    for camera in range(len(views.rig)):
        here = part.camera == camera
        ideal = views.to_ideal(part.xy[here], camera)
        padded[row[here], camera, part.number[here] - 1] = ideal
    return padded


def fuse_padded(views: IdealViews, ideal: FloatArray, settings: FusionSettings) -> FusedPoints:
    """Match the candidates of some frames.

    Parameters
    ----------
    views : IdealViews
    ideal : ndarray, shape (F, C, N, 2)
        Ideal pixels, NaN where there is no candidate.
    settings : FusionSettings

    Returns
    -------
    FusedPoints
    """
    pairs = _pair_hypotheses(views, ideal, settings)
    grown = _grow(views, ideal, pairs, settings)
    grown = _distinct(_grow(views, ideal, grown, settings), ideal.shape[2])
    chosen = _choose(grown, ideal.shape[:3])
    return _finish(views, ideal, chosen, settings)


def _pair_hypotheses(views: IdealViews, ideal: FloatArray, settings: FusionSettings) -> _Hypotheses:
    n_cameras = ideal.shape[1]
    homogeneous = np.concatenate([ideal, np.ones((*ideal.shape[:-1], 1))], axis=-1)
    frame, index = [], []
    for a in range(n_cameras):
        for b in range(a + 1, n_cameras):
            f, i, j = _epipolar_pairs(
                homogeneous[:, a], homogeneous[:, b], views.fundamental[a, b], settings.gate_px
            )
            rows = np.full((len(f), n_cameras), -1)
            rows[:, a], rows[:, b] = i, j
            frame.append(f)
            index.append(rows)
    joined = np.concatenate(frame)
    order = np.argsort(joined, kind="stable")
    rows = np.concatenate(index)[order]
    return _Hypotheses(joined[order], rows, np.zeros(rows.shape))


def _epipolar_pairs(
    first: FloatArray, second: FloatArray, fundamental: FloatArray, gate: float
) -> tuple[IntArray, ...]:
    """Frame and rows of candidates within the gate; inputs are (F, N, 3) homogeneous."""
    lines = first @ fundamental.T
    back = second @ fundamental
    algebraic = np.abs(lines @ second.transpose(0, 2, 1))
    slope = (lines[..., :2] ** 2).sum(-1)[:, :, None] + (back[..., :2] ** 2).sum(-1)[:, None]
    with np.errstate(invalid="ignore"):
        close = algebraic < gate * np.sqrt(slope)
    return np.nonzero(close)


def _gather(ideal: FloatArray, rows: _Hypotheses) -> tuple[FloatArray, BoolArray]:
    used = rows.index >= 0
    cameras = np.arange(ideal.shape[1])
    xy = ideal[rows.frame[:, None], cameras, np.maximum(rows.index, 0)]
    return xy, used


def _grow(
    views: IdealViews, ideal: FloatArray, rows: _Hypotheses, settings: FusionSettings
) -> _Hypotheses:
    """Triangulate on the present members and let every view's nearest candidate join."""
    xyz = solve_points(views.projection, *_gather(ideal, rows))
    xy, depth = views.project(xyz)
    index = np.full_like(rows.index, -1)
    gain = np.zeros(rows.index.shape)
    for camera in range(ideal.shape[1]):
        offset = ideal[rows.frame, camera] - xy[:, None, camera]
        square = np.einsum("nij,nij->ni", offset, offset)
        square[np.isnan(square)] = np.inf
        nearest = square.argmin(1)
        closeness = 1 - square[np.arange(len(square)), nearest] / settings.gate_px**2
        joins = (closeness > 0) & (depth[:, camera] > 0)
        index[joins, camera] = nearest[joins]
        gain[joins, camera] = closeness[joins]
    keep = ((index >= 0).sum(1) >= 2) & _inside(xyz, settings)
    return _Hypotheses(rows.frame, index, gain).select(keep)


def _inside(xyz: FloatArray, settings: FusionSettings) -> BoolArray:
    if settings.box is None:
        return np.asarray(np.isfinite(xyz).all(axis=1), dtype=np.bool_)
    low, high = settings.box
    with np.errstate(invalid="ignore"):
        return np.asarray(((xyz >= low) & (xyz <= high)).all(axis=1), dtype=np.bool_)


def _distinct(rows: _Hypotheses, most: int) -> _Hypotheses:
    """Keep one of the hypotheses of a frame that have the same members."""
    base = np.uint64(most + 1)
    key = rows.frame.astype(np.uint64)
    for camera in range(rows.index.shape[1]):
        # Wraps around for very many cameras: a hash is all that is needed.
        key = key * base + (rows.index[:, camera] + 1).astype(np.uint64)
    _, first = np.unique(key, return_index=True)
    return rows.select(np.sort(first))


def _choose(rows: _Hypotheses, shape: tuple[int, ...]) -> _Hypotheses:
    """Take the best hypothesis of every frame, free the rest of its candidates, and repeat.

    ``shape`` is (F, C, N).
    """
    cameras = np.arange(shape[1])
    used = np.zeros(shape, bool)
    chosen = [rows.select(np.zeros(0, np.int64))]
    while len(rows.frame):
        taken = rows.select(_best_of_each_frame(rows))
        chosen.append(taken)
        member, camera = np.nonzero(taken.index >= 0)
        used[taken.frame[member], camera, taken.index[member, camera]] = True
        lost = (rows.index >= 0) & used[rows.frame[:, None], cameras, np.maximum(rows.index, 0)]
        rows.index[lost] = -1
        rows.gain[lost] = 0
        rows = rows.select((rows.index >= 0).sum(1) >= 2)
    frame, index, gain = (
        np.concatenate([getattr(part, name) for part in chosen])
        for name in ("frame", "index", "gain")
    )
    return _Hypotheses(frame, index, gain).select(np.argsort(frame, kind="stable"))


def _best_of_each_frame(rows: _Hypotheses) -> IntArray:
    score = rows.gain.sum(1)
    starts = np.flatnonzero(np.r_[True, rows.frame[1:] != rows.frame[:-1]])
    lengths = np.diff(np.r_[starts, len(rows.frame)])
    top = np.flatnonzero(score == np.repeat(np.maximum.reduceat(score, starts), lengths))
    best: IntArray = top[np.unique(rows.frame[top], return_index=True)[1]]
    return best


def _finish(
    views: IdealViews, ideal: FloatArray, rows: _Hypotheses, settings: FusionSettings
) -> FusedPoints:
    xy, used = _gather(ideal, rows)
    xyz = solve_points(views.projection, xy, used)
    projected, depth = views.project(xyz)
    square = ((projected - xy) ** 2).sum(-1)
    count = used.sum(1)
    residual = np.sqrt(np.where(used, square, 0).sum(1) / count)
    gate = np.where(count > 2, settings.gate_px, settings.pair_gate_px)
    keep = (residual < gate) & ((depth > 0) | ~used).all(1) & _inside(xyz, settings)
    number = (rows.index + 1).astype(np.int16)
    return FusedPoints(rows.frame[keep], xyz[keep], number[keep], residual[keep])
