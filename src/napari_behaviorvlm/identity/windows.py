"""Working through a recording window by window.

Windows lie at fixed places of the recording and each is solved with some frames of its neighbours,
so that the answer for a frame depends neither on which frames were asked for nor on where the work
was once interrupted, and memory does not grow with the length of the recording.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.assign import AssignSettings, candidate_positions, make_labels
from napari_behaviorvlm.identity.confidence import Evidence, naming_confidence
from napari_behaviorvlm.identity.energy import share_of_cost
from napari_behaviorvlm.identity.fusion import FusedPoints, FusionSettings, dot_noise, fuse
from napari_behaviorvlm.identity.learning import Learned, LearningSettings, without_reflections
from napari_behaviorvlm.identity.pace import kinds
from napari_behaviorvlm.identity.recovery import RecoverySettings, recover
from napari_behaviorvlm.identity.solver import Naming, SolverSettings, solve
from napari_behaviorvlm.identity.steadiness import unsteadiness
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.tracklets import TrackletSettings, link
from napari_behaviorvlm.identity.views import IdealViews

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class VoteSettings:
    """How votes count.

    Parameters
    ----------
    memory : float
        Frames after which a vote about another point of the same tracklet is worth ``1/e``.
    limit : float
        Most that votes about a point weigh together. Single votes above it (a person's) decide.
    """

    memory: float = 20.0
    limit: float = 5.0


@dataclass(frozen=True)
class GeometricSettings:
    """All settings of the geometric strategy.

    Parameters
    ----------
    fusion, learning, solver, recovery, assign, votes
        Of the steps.
    window : int
        Frames named at once; windows begin at multiples of this frame number.
    overlap : int
        Frames on either side of a window that are solved with it and thrown away.
    outside : float
        Cost of a point above or below where the animal ever was seen (reflections in the floor).
    """

    fusion: FusionSettings = field(default_factory=FusionSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    solver: SolverSettings = field(default_factory=SolverSettings)
    recovery: RecoverySettings = field(default_factory=RecoverySettings)
    assign: AssignSettings = field(default_factory=AssignSettings)
    votes: VoteSettings = field(default_factory=VoteSettings)
    window: int = 256
    overlap: int = 32
    outside: float = 3.0


@dataclass(frozen=True, eq=False)
class Recording:
    """What is known of a recording before its frames are named.

    Parameters
    ----------
    views : IdealViews
    skeleton : Skeleton
    candidates : CandidateTable
    learned : Learned
    settings : GeometricSettings
    votes : CandidateVotes or None
    """

    views: IdealViews
    skeleton: Skeleton
    candidates: CandidateTable
    learned: Learned
    settings: GeometricSettings
    votes: CandidateVotes | None = None

    @cached_property
    def frames(self) -> IntArray:
        """All frames that have candidates, ascending."""
        return np.unique(self.candidates.frame)

    def windows(self, wanted: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
        """Windows that hold wanted frames.

        Parameters
        ----------
        wanted : ndarray of int64, shape (F,)
            Ascending.

        Yields
        ------
        context : ndarray of int64
            Frames to solve together; frames without candidates are left out.
        inside : ndarray of int64
            Wanted frames among them that the window answers for.
        """
        size, margin = self.settings.window, self.settings.overlap
        named = np.intersect1d(self.frames, wanted)
        for window in np.unique(named // size):
            first, last = window * size - margin, (window + 1) * size + margin
            low, high = np.searchsorted(self.frames, [first, last])
            yield self.frames[low:high], named[named // size == window]

    def label(self, context: IntArray, inside: IntArray) -> Labelling:
        """Name the candidates of one window.

        Parameters
        ----------
        context, inside : ndarray of int64
            As from `windows`.

        Returns
        -------
        Labelling
            Of the frames ``inside``.
        """
        return self.labelling(self.solve(context, inside))

    def points(self, frames: IntArray) -> FusedPoints:
        """Points without names of some frames; ``frame`` counts positions in ``frames``."""
        fused = list(fuse(self.views, self.candidates, frames, self.settings.fusion))
        points = FusedPoints.concatenate(fused, len(self.views.rig))
        return without_reflections(points, self.learned.mirror, self.learned.anatomy)

    def solve(
        self, context: IntArray, inside: IntArray, points: FusedPoints | None = None
    ) -> "Window":
        """Name the points of one window; ``points`` are those of `points`, if they are known."""
        learned = self.learned
        points = self.points(context) if points is None else points
        heard = self._heard(points, context)
        naming = solve(
            points, context, self.skeleton, learned.anatomy, tracking=learned.tracking,
            motion=learned.motion, settings=self.settings.solver,
            extra=self.outside_cost(points) - heard.weight,
        )  # fmt: skip
        points, naming = self.recover(context, points, naming)
        heard = heard.padded(len(points))
        return Window(points, naming, heard, np.searchsorted(context, inside), inside, context)

    def recover(
        self, context: IntArray, points: FusedPoints, naming: Naming
    ) -> tuple[FusedPoints, Naming]:
        """Look again for keypoints in short gaps."""
        return recover(
            self.views, self.candidates, context, points, naming, self.learned,
            kinds(self.skeleton), self.settings.solver.energy, self.settings.recovery,
        )  # fmt: skip

    def labelling(self, window: "Window") -> Labelling:
        """Labels and poses of a window."""
        points, naming = window.points, window.naming
        rows, frames = window.rows, window.frames
        row, margin = naming.row[rows], naming.margin[rows]
        confidence = np.full(row.shape, np.nan)
        named = row >= 0
        confidence[named] = naming_confidence(self._evidence(window, named))
        xy = candidate_positions(self.candidates, frames, len(self.views.rig))
        labels, poses = make_labels(
            self.views.rig, frames, xy, number=_numbers(points, row), confidence=confidence,
            settings=self.settings.assign,
        )  # fmt: skip
        known = np.isfinite(poses.points[..., 0])
        return Labelling(
            labels, poses, np.where(known, margin, np.nan).astype(np.float32),
            _numbers(points, naming.alternative[rows]),
        )  # fmt: skip

    def _evidence(self, window: "Window", named: NDArray[np.bool_]) -> Evidence:
        """Gather what speaks for and against names, those of the cells ``named`` (F, K)."""
        points, naming, rows = window.points, window.naming, window.rows
        poses, n_views = points.poses(naming.row), points.views(naming.row)
        unsteady = unsteadiness(poses, window.context, n_views, kinds(self.skeleton))
        share = share_of_cost(poses[rows], self.learned.anatomy, self.settings.solver.energy)
        excess = (naming.cost[rows] - self.learned.typical_cost)[:, None]
        hidden = np.pad(naming.row < 0, ((1, 1), (0, 0)), constant_values=True)
        gaps = hidden[:-2].astype(float) + hidden[2:]
        noise = dot_noise(points.select(naming.row[n_views >= 3]))
        named_rows = naming.row[rows][named]
        return Evidence(
            margin=naming.margin[rows][named], n_views=n_views[rows][named],
            purity=naming.purity[rows][named],
            excess=np.broadcast_to(excess, named.shape)[named], share=share[named],
            unsteady=unsteady[rows][named], gaps=gaps[rows][named],
            residual=points.residual[named_rows] / noise,
            heard=window.heard.lead(named_rows, np.nonzero(named)[1]),
        )  # fmt: skip

    def outside_cost(self, points: FusedPoints) -> FloatArray:
        """Cost of points above or below where the animal ever was, shape (n, K)."""
        cost = np.zeros((len(points), len(self.skeleton)))
        anatomy, heights = self.learned.anatomy, self.learned.heights
        if anatomy.up is not None and heights is not None:
            along = points.xyz @ anatomy.up[0]
            slack = 0.15 * anatomy.scale
            outside = (along < heights[0] - slack) | (along > heights[1] + slack)
            cost[outside] += self.settings.outside
        return cost

    def _heard(self, points: FusedPoints, context: IntArray) -> "Heard":
        """Sum up votes about each point and its tracklet."""
        if self.votes is None:
            return Heard.nothing(len(points), len(self.skeleton))
        return shared_votes(
            points, context, self.votes, len(self.skeleton), self.learned.tracking,
            self.settings.votes,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Heard:
    """What was said of points, directly or of their tracklets.

    Parameters
    ----------
    weight : ndarray, shape (n, K)
        Log likelihood ratios.
    frame : ndarray of int64, shape (n,)
        Number of the frame in which most of it was said, -1 where nothing was.
    """

    weight: FloatArray
    frame: IntArray

    @classmethod
    def nothing(cls, n_points: int, n_keypoints: int) -> "Heard":
        """Return silence."""
        return cls(np.zeros((n_points, n_keypoints)), np.full(n_points, -1))

    def lead(self, rows: IntArray, keypoint: IntArray) -> FloatArray:
        """How much more was said for some names than for the next best of their points."""
        own = self.weight[rows, keypoint]
        others = self.weight[rows].copy()
        others[np.arange(len(rows)), keypoint] = -np.inf
        lead: FloatArray = own - np.maximum(others.max(1, initial=-np.inf), -99.0)
        return np.where(self.frame[rows] >= 0, lead, 0.0)

    def padded(self, n_points: int) -> "Heard":
        """Return the same with silence about further points."""
        more = n_points - len(self.frame)
        return Heard(
            np.pad(self.weight, ((0, more), (0, 0))),
            np.pad(self.frame, (0, more), constant_values=-1),
        )


@dataclass(frozen=True, eq=False)
class Window:
    """A window with its points named.

    Parameters
    ----------
    points : FusedPoints
        Of the window with its surroundings.
    naming : Naming
    heard : Heard
        What votes said of the points.
    rows : ndarray of int64, shape (F,)
        Positions of the answered frames in the naming.
    frames : ndarray of int64, shape (F,)
        Their numbers.
    context : ndarray of int64
        Numbers of all frames that were solved together.
    """

    points: FusedPoints
    naming: Naming
    heard: Heard
    rows: IntArray
    frames: IntArray
    context: IntArray


def _numbers(points: FusedPoints, row: IntArray) -> NDArray[np.int16]:
    """Candidate numbers (F, C, K) of rows (F, K) of the fused points; 0 for negative rows."""
    if not len(points):
        return np.zeros((row.shape[0], points.number.shape[1], row.shape[1]), np.int16)
    numbers = np.where((row >= 0)[..., None], points.number[np.maximum(row, 0)], 0)
    return np.moveaxis(numbers, 2, 1).astype(np.int16)


def shared_votes(  # noqa: PLR0917
    points: FusedPoints, frames: IntArray, votes: CandidateVotes, n_keypoints: int,
    tracking: TrackletSettings, settings: VoteSettings,
) -> Heard:  # fmt: skip
    """Share what was said of a point with its tracklet, fading with time.

    Parameters
    ----------
    points : FusedPoints
        ``frame`` counts positions in ``frames``.
    frames : ndarray of int64
    votes : CandidateVotes
    n_keypoints : int
    tracking : TrackletSettings
    settings : VoteSettings

    Returns
    -------
    Heard
    """
    decisive = np.abs(votes.weight) > settings.limit
    heard = Heard.nothing(len(points), n_keypoints)
    most = np.zeros(len(points))
    track = link(points, frames, tracking) if len(points) else np.zeros(0, np.int64)
    time = frames[points.frame]
    for kind in (decisive, ~decisive):
        pooled = pooled_votes(points, frames, votes.select(kind), n_keypoints)
        spread = np.zeros_like(pooled)
        for row in np.flatnonzero(pooled.any(1)):
            same = np.flatnonzero(track == track[row])
            fading = np.exp(-np.abs(time[same] - time[row]) / settings.memory)
            spread[same] += fading[:, None] * pooled[row]
            loud = fading * np.abs(pooled[row]).max()
            heard.frame[same] = np.where(loud > most[same], time[row], heard.frame[same])
            most[same] = np.maximum(most[same], loud)
        limit = np.inf if kind is decisive else settings.limit
        heard.weight[:] += np.clip(spread, -limit, limit)
    return heard


def pooled_votes(
    points: FusedPoints, frames: IntArray, votes: CandidateVotes, n_keypoints: int
) -> FloatArray:
    """Sum what was said of a point's candidates over the views.

    Parameters
    ----------
    points : FusedPoints
        ``frame`` counts positions in ``frames``.
    frames : ndarray of int64
    votes : CandidateVotes
        May speak of other frames as well.
    n_keypoints : int

    Returns
    -------
    ndarray, shape (n, K)
        Log likelihood ratios.
    """
    pooled = np.zeros((len(points), n_keypoints))
    most = int(points.number.max(initial=0))
    owner = np.full((len(frames), points.number.shape[1], most + 1), -1)
    member, camera = np.nonzero(points.number)
    owner[points.frame[member], camera, points.number[member, camera]] = member
    here = np.isin(votes.frame, frames) & (votes.number <= most) & (votes.number > 0)
    frame = np.searchsorted(frames, votes.frame[here])
    row = owner[frame, votes.camera[here], votes.number[here]]
    heard = row >= 0
    np.add.at(pooled, (row[heard], votes.keypoint[here][heard]), votes.weight[here][heard])
    return pooled
