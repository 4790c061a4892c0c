"""What is learned once per recording: anatomy, noise, speed and the space the animal uses.

The anatomy of the seeds names some frames all over the recording; those that fit well teach a
better anatomy (self-training), twice. The frames are taken in short runs so that speed can be
measured too.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.anatomy import Anatomy, AnatomySettings, fit_anatomy
from napari_behaviorvlm.identity.energy import poses_of
from napari_behaviorvlm.identity.floor import find_floor, reflecting_floor
from napari_behaviorvlm.identity.fusion import FusedPoints, FusionSettings, fuse
from napari_behaviorvlm.identity.mirror import Mirror, find_mirror
from napari_behaviorvlm.identity.search import SearchSettings, search
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.solver import SolverSettings, pad_points
from napari_behaviorvlm.identity.tracklets import TrackletSettings, typical_step
from napari_behaviorvlm.identity.trellis import MotionSettings
from napari_behaviorvlm.identity.views import IdealViews

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LearningSettings:
    """How much is looked at.

    Parameters
    ----------
    runs, run_length : int
        Runs of successive frames that are sampled, and their length.
    rounds : int
        Rounds of self-training.
    share : float
        Share of the sampled frames, those of lowest cost, that teach.
    anatomy : AnatomySettings
    search : SearchSettings
    """

    runs: int = 32
    run_length: int = 5
    rounds: int = 2
    share: float = 0.8
    anatomy: AnatomySettings = field(default_factory=AnatomySettings)
    search: SearchSettings = field(default_factory=SearchSettings)


@dataclass(frozen=True, eq=False)
class Learned:
    """What the windows of a recording share.

    Parameters
    ----------
    anatomy : Anatomy
    tracking : TrackletSettings
    motion : MotionSettings
    mirror : Mirror or None
        The floor, where it reflects dots.
    heights : tuple of float, or None
        Lowest and highest coordinate along ``anatomy.up`` that the animal's points take.
    typical_cost : float
        Median cost of naming a sampled frame.
    """

    anatomy: Anatomy
    tracking: TrackletSettings
    motion: MotionSettings
    mirror: Mirror | None
    heights: tuple[float, float] | None
    typical_cost: float


def learn(
    views: IdealViews, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable, *,
    settings: LearningSettings, fusion: FusionSettings, solver: SolverSettings,
) -> Learned:  # fmt: skip
    """Learn from the seeds and from a sample of the recording.

    Parameters
    ----------
    views : IdealViews
    skeleton : Skeleton
    seeds : Seeds
    candidates : CandidateTable
        Of the whole recording.
    settings : LearningSettings
    fusion : FusionSettings
    solver : SolverSettings

    Returns
    -------
    Learned
    """
    anatomy = fit_anatomy(seeds.points, settings.anatomy, views.ring_normal)
    frames = sample_frames(np.unique(candidates.frame), settings)
    if not len(frames):
        return Learned(anatomy, *_paces(float("nan"), anatomy), None, None, float("nan"))
    parts = list(fuse(views, candidates, frames, fusion))
    points = FusedPoints.concatenate(parts, len(views.rig))
    mirror = _mirror(views, points, seeds, anatomy)
    points = without_reflections(points, mirror, anatomy)
    sets = pad_points(points, len(frames), len(skeleton), solver)
    cost = np.zeros((len(frames), 1))
    taught = seeds.points
    for _ in range(settings.rounds):
        states, cost = search(sets, skeleton, anatomy, settings.search, weights=solver.energy)
        poses = poses_of(sets, states[:, :1])[:, 0]
        teaches = cost[:, 0] <= np.quantile(cost[:, 0], settings.share)
        taught = np.concatenate([seeds.points, poses[teaches]])
        anatomy = fit_anatomy(taught, settings.anatomy, views.ring_normal)
    if mirror is None:
        mirror = _mirror_below_feet(points, taught, anatomy)
    tracking, motion = _paces(typical_step(points, frames), anatomy)
    return Learned(
        anatomy, tracking, motion, mirror, _heights(taught, anatomy), float(np.median(cost[:, 0]))
    )


def _mirror(
    views: IdealViews, points: FusedPoints, seeds: Seeds, anatomy: Anatomy
) -> Mirror | None:
    vertical = views.ring_normal if anatomy.up is None else anatomy.up[0]
    if vertical is None:
        return None
    return find_mirror(points, vertical, seeds.points.reshape(-1, 3), anatomy.scale)


def _mirror_below_feet(points: FusedPoints, poses: FloatArray, anatomy: Anatomy) -> Mirror | None:
    if anatomy.up is None:
        return None
    floor = find_floor(poses, anatomy.up[0], anatomy.scale)
    return None if floor is None else reflecting_floor(points, floor, anatomy.scale)


def without_reflections(
    points: FusedPoints, mirror: Mirror | None, anatomy: Anatomy
) -> FusedPoints:
    """Drop the points behind the mirror.

    Parameters
    ----------
    points : FusedPoints
    mirror : Mirror or None
    anatomy : Anatomy

    Returns
    -------
    FusedPoints
    """
    return points.select(np.flatnonzero(before_mirror(points.xyz, mirror, anatomy)))


def before_mirror(xyz: FloatArray, mirror: Mirror | None, anatomy: Anatomy) -> BoolArray:
    """Tell which places (n, 3) are not behind the mirror."""
    if mirror is None:
        return np.ones(len(xyz), bool)
    # The floor is known better than a point of two views: allow for the latter.
    return np.asarray(mirror.height(xyz) > -0.02 * anatomy.scale)


def sample_frames(frames: IntArray, settings: LearningSettings) -> IntArray:
    """Pick runs of successive frames spread evenly over a recording (all of it if it is short).

    Parameters
    ----------
    frames : ndarray of int64, shape (F,)
        Ascending.
    settings : LearningSettings

    Returns
    -------
    ndarray of int64
        Ascending.
    """
    wanted = settings.runs * settings.run_length
    if len(frames) <= wanted:
        return frames
    starts = np.linspace(0, len(frames) - settings.run_length, settings.runs).astype(np.int64)
    picked = (starts[:, None] + np.arange(settings.run_length)).ravel()
    return frames[np.unique(picked)]


def _paces(step: float, anatomy: Anatomy) -> tuple[TrackletSettings, MotionSettings]:
    """Gates for the speed of this animal at this frame rate."""
    if not np.isfinite(step):
        step = 0.1 * anatomy.scale
    gate = float(np.clip(4 * step, 0.1 * anatomy.scale, 0.6 * anatomy.scale))
    return TrackletSettings(gate=gate), MotionSettings(step_sd=max(3 * step, 0.05 * anatomy.scale))


def _heights(poses: FloatArray, anatomy: Anatomy) -> tuple[float, float] | None:
    if anatomy.up is None:
        return None
    along = poses @ anatomy.up[0]
    along = along[np.isfinite(along)]
    low, high = np.quantile(along, [0.005, 0.995])
    return float(low), float(high)
