"""How far labels of this session scatter when nothing is wrong, and the limits that follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import BoneReference, bone_lengths
from napari_behaviorvlm.identity.handedness import Sides

FloatArray = NDArray[np.float64]

_SAMPLE = 200_000
_MAD_TO_SIGMA = 1.4826
_MEDIAN_OF_NORM_2D = 1.1774
_FEW_BONES = 30


@dataclass(frozen=True)
class FlagSettings:
    """When a label is flagged.

    Every limit is the larger of a floor and a multiple of what is usual in the session.

    Parameters
    ----------
    error_floor_px : float
        Reprojection errors below this are never flagged.
    error_sigmas : float
        Limit of the reprojection error, as a multiple of the scatter of labels (one standard
        deviation of one coordinate, from the session's median error).
    min_views : int
        Points seen by fewer views are flagged.
    min_confidence : float
        Points whose identity is less probable than this are flagged.
    bone_slack : float
        Bones may be shorter or longer than in the seeds by this fraction: three seed frames do not
        show the whole range of a living animal.
    bone_sigmas : float
        Bones may differ from the session's median by this many of its robust standard deviations,
        and by half of ``bone_slack``.
    jump_floor : float
        Distance from the path between the frames before and after, as a fraction of the animal's
        size (median distance of keypoints from their centre), that is never flagged.
    jump_factor : float
        Limit of that distance as a multiple of its upper quartile for this keypoint.
    max_gap : int
        Frames: neighbours in time farther away than this say nothing.
    source_px : float
        Two sources disagree if their labels are farther apart.
    """

    error_floor_px: float = 3.0
    error_sigmas: float = 6.0
    min_views: int = 3
    min_confidence: float = 0.9
    bone_slack: float = 0.3
    bone_sigmas: float = 5.0
    jump_floor: float = 0.25
    jump_factor: float = 6.0
    max_gap: int = 3
    source_px: float = 5.0


@dataclass(frozen=True, eq=False)
class SessionScale:
    """Limits of one session.

    Parameters
    ----------
    error_px : float
        Limit of a view's distance from the reprojection, and of a point's error.
    leave_one_out_px : float
        Limit of the leave-one-out error, which scatters more: the other views are fewer.
    bone_low, bone_high : ndarray, shape (E,)
        Range of each bone in the calibration's unit; NaN where nothing is known.
    jump : ndarray, shape (K,)
        Limit of the distance from the path, in the calibration's unit.
    size : float
        The animal's size, in the calibration's unit; NaN without any point.
    sides : Sides or None
        Tells left from right; None without seed frames.
    """

    error_px: float
    leave_one_out_px: float
    bone_low: FloatArray
    bone_high: FloatArray
    jump: FloatArray
    size: float
    sides: Sides | None = None

    @classmethod
    def measure(
        cls,
        poses: Poses,
        skeleton: Skeleton,
        reference: BoneReference | None = None,
        settings: FlagSettings | None = None,
    ) -> "SessionScale":
        """Measure the usual scatter on a sample of at most some 200,000 values of the session."""
        settings = settings or FlagSettings()
        size = _animal_size(_thinned(poses.points, len(skeleton) * 3))
        low, high = _bone_range(
            _thinned(poses.points, len(skeleton)), skeleton, reference, settings
        )
        sides = None
        if reference is not None and len(reference.points):
            sides = Sides.learn(reference.points, poses.points, skeleton)
        return cls(
            _pixel_limit(poses.view_error, settings),
            _pixel_limit(poses.leave_one_out, settings),
            low, high, _jump_limits(poses, size, settings), size, sides,
        )  # fmt: skip


def _thinned(values: FloatArray, per_frame: int) -> FloatArray:
    return values[:: max(1, len(values) * per_frame // _SAMPLE)]


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _pixel_limit(errors: FloatArray, settings: FlagSettings) -> float:
    typical = _median(_thinned(errors, int(np.prod(errors.shape[1:]))))
    adaptive = settings.error_sigmas * typical / _MEDIAN_OF_NORM_2D
    return float(np.fmax(settings.error_floor_px, adaptive))


def _animal_size(points: FloatArray) -> float:
    known = np.isfinite(points[..., :1])
    count = known.sum(1, keepdims=True)
    clean = np.where(known, points, 0.0)
    center = clean.sum(1, keepdims=True) / np.maximum(count, 1)
    return _median(np.linalg.norm(points - center, axis=-1)[count[:, :, 0][:, 0] > 2])


def _bone_range(
    points: FloatArray,
    skeleton: Skeleton,
    reference: BoneReference | None,
    settings: FlagSettings,
) -> tuple[FloatArray, FloatArray]:
    lengths = bone_lengths(points, skeleton)
    low = np.full(lengths.shape[1], np.nan)
    high = low.copy()
    for edge in range(lengths.shape[1]):
        known = lengths[np.isfinite(lengths[:, edge]), edge]
        if len(known) >= _FEW_BONES:
            middle = np.median(known)
            usual = _MAD_TO_SIGMA * np.median(np.abs(known - middle))
            spread = max(settings.bone_sigmas * usual, settings.bone_slack * middle / 2)
            low[edge], high[edge] = middle - spread, middle + spread
    if reference is not None:
        low = np.fmin(low, reference.low * (1 - settings.bone_slack))
        high = np.fmax(high, reference.high * (1 + settings.bone_slack))
    return np.fmax(low, 0.0) + 0 * low, high


def _jump_limits(poses: Poses, size: float, settings: FlagSettings) -> FloatArray:
    # Successive frames are needed, so blocks of frames are sampled instead of single ones.
    count = poses.points.shape[1]
    block = 2 * settings.max_gap + 50
    wanted = max(1, _SAMPLE // max(1, 3 * count * block))
    starts = np.unique(np.linspace(0, max(0, len(poses.frames) - block), wanted).astype(int))
    away = np.concatenate(
        [off_path(poses, start, min(start + block, len(poses.frames)), settings.max_gap)[0]
         for start in starts]
    )  # fmt: skip
    floor = settings.jump_floor * size
    limits = np.full(count, floor)
    for keypoint in range(count):
        known = away[np.isfinite(away[:, keypoint]), keypoint]
        if len(known):
            limits[keypoint] = np.fmax(floor, settings.jump_factor * np.quantile(known, 0.75))
    return limits


def off_path(poses: Poses, start: int, stop: int, max_gap: int) -> tuple[FloatArray, FloatArray]:
    """Distance of points from the straight line between their neighbours in time.

    Parameters
    ----------
    poses : Poses
    start, stop : int
        Rows that are judged, and the only ones that are looked at.
    max_gap : int
        Neighbours more than this many frames away do not count.

    Returns
    -------
    distance : ndarray, shape (stop - start, K)
        In the calibration's unit; NaN without a neighbour on either side.
    expected : ndarray, shape (stop - start, K, 3)
        The point on that line at the time of the frame.
    """
    points, frames = poses.points[start:stop], poses.frames[start:stop]
    before, after = neighbours(np.isfinite(points[..., 0]))
    here = frames[:, None]
    keypoint = np.arange(points.shape[1])
    close = (before >= 0) & (after < len(frames))
    after = np.minimum(after, len(frames) - 1)
    since, until = here - frames[before], frames[after] - here
    close &= (since <= max_gap) & (until <= max_gap)
    share = (since / np.maximum(since + until, 1))[..., None]
    expected = (1 - share) * points[before, keypoint] + share * points[after, keypoint]
    expected[~close] = np.nan
    step = points - expected
    return np.sqrt(np.einsum("fki,fki->fk", step, step)), expected


def neighbours(known: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the nearest known value strictly before and after each cell.

    Parameters
    ----------
    known : ndarray of bool, shape (F, K)

    Returns
    -------
    before, after : ndarray of intp, shape (F, K)
        -1 and F where there is none.
    """
    n = len(known)
    row = np.arange(n)[:, None]
    before = np.full(known.shape, -1, np.intp)
    after = np.full(known.shape, n, np.intp)
    if n > 1:
        before[1:] = np.maximum.accumulate(np.where(known, row, -1), axis=0)[:-1]
        after[:-1] = np.minimum.accumulate(np.where(known, row, n)[::-1], axis=0)[::-1][1:]
    return before, after
