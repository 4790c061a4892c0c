"""What is named so far, what is doubted, and what a model said of it."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Source
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.strategies.fused.adoption import AdoptionSettings, adopt
from napari_behaviorvlm.identity.strategies.fused.confusion import Confusion
from napari_behaviorvlm.identity.strategies.fused.doubts import Episode, gather
from napari_behaviorvlm.identity.strategies.fused.inquiry import Words, no_words
from napari_behaviorvlm.identity.strategies.geometric import nothing_labelled
from napari_behaviorvlm.identity.windows import Recording, Window

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Table = TypeVar("Table", Labels, Poses)

if TYPE_CHECKING:
    from napari_behaviorvlm.identity.fusion import FusedPoints

KEPT = 40
"""Windows whose points stay in memory."""


@dataclass(frozen=True)
class InquirySettings:
    """How much is asked.

    Parameters
    ----------
    calls_per_frame : float
        Calls at most, per frame of the recording that is labelled.
    rounds : int
        Times that windows are solved anew.
    views : int
        Views in which one episode is shown in a round.
    asked_most : int
        Rounds in which an episode may be asked about.
    least_gain : float
        Labels that a call must be expected to mend.
    least_doubt : float
        Doubt of a single label that counts.
    longest : int
        Frames of an episode.
    sure : float
        Confidence from which on geometry's names teach what the model's words are worth.
    """

    calls_per_frame: float = 3.0
    rounds: int = 3
    views: int = 2
    asked_most: int = 2
    least_gain: float = 0.25
    least_doubt: float = 0.03
    longest: int = 24
    sure: float = 0.97


@dataclass(frozen=True, eq=False)
class Plan:
    """A region of a frame to be asked about.

    Parameters
    ----------
    frame : int
    region : str
    near : ndarray, shape (n, 3)
        Where its keypoints are thought to be.
    turn : int
        How often this was asked before.
    """

    frame: int
    region: str
    near: FloatArray
    turn: int


class Board:
    """What is named so far, what is doubted, and what the model said."""

    def __init__(
        self, recording: Recording, frames: IntArray, votes: CandidateVotes | None
    ) -> None:
        self.recording = recording
        self.frames = frames
        self.human = votes
        self.words: Words = no_words()
        self.confusion = Confusion(recording.skeleton)
        cameras, count = len(recording.views.rig), len(recording.skeleton)
        self.whole = nothing_labelled(frames, cameras, count)
        self.leans = np.full((len(frames), count), -1)
        self.hidden = np.zeros((len(frames), count))
        self.asked: dict[str, IntArray] = {}
        self.named = False
        self._points: dict[int, FusedPoints] = {}

    # Solving -----------------------------------------------------------------------------------

    def solve_all(self) -> Generator[Progress, None, None]:
        """Name everything by geometry and what people said."""
        done = 0
        for context, inside in self.recording.windows(self.frames):
            part = self._take(self._solved(context, inside))
            done += len(inside)
            yield from _arrivals(part, Progress(done, len(self.frames), "naming points"))
        self.named = True
        yield Progress(len(self.frames), len(self.frames), "named by geometry")

    def solve_again(self, words: Words) -> Generator[Progress, None, None]:
        """Name the windows anew about which something was said."""
        votes = self.words.votes(self.confusion).joined(self.human)
        settings = self.recording.settings
        self.recording = Recording(
            self.recording.views, self.recording.skeleton, self.recording.candidates,
            self.recording.learned, settings, votes,
        )  # fmt: skip
        for context, inside in self.recording.windows(self.frames):
            if np.isin(words.frame, context).any():
                part = self._take(self._solved(context, inside))
                total = len(self.frames)
                yield from _arrivals(part, Progress(total, total, "naming points again"))

    def _solved(self, context: IntArray, inside: IntArray) -> Window:
        """Solve a window; its points do not depend on what was said and are kept for a while."""
        first = int(inside[0])
        points = self._points.pop(first, None)
        points = self.recording.points(context) if points is None else points
        self._points[first] = points
        if len(self._points) > KEPT:
            del self._points[next(iter(self._points))]
        window = self.recording.solve(context, inside, points)
        return adopt(self.recording, window, self.words, AdoptionSettings())

    def _take(self, window: Window) -> Labelling:
        part = self.recording.labelling(window)
        rows = np.searchsorted(self.frames, part.labels.frames)
        self.leans[rows] = _leans(window, self.words)
        _mark_voted(part.labels, self.leans[rows])
        for table, piece in ((self.whole.labels, part.labels), (self.whole.poses, part.poses)):
            for column in fields(table):
                if column.name != "frames":
                    getattr(table, column.name)[rows] = getattr(piece, column.name)
        self.whole.margin[rows] = part.margin
        self.whole.alternative[rows] = part.alternative
        self.hidden[rows] = _hidden_doubt(window, part.poses)
        return part

    # Doubting ----------------------------------------------------------------------------------

    def doubt(self) -> FloatArray:
        """Estimate how many labels are wrong or missing, shape (F, K)."""
        confidence = self.whole.poses.confidence.astype(np.float64)
        return np.where(np.isfinite(confidence), 1 - confidence, self.hidden)

    def worth_asking(self, settings: InquirySettings) -> bool:
        """Whether there is anything to ask about."""
        return bool(self._episodes(settings))

    def _episodes(self, settings: InquirySettings) -> list[Episode]:
        found = gather(
            self.doubt(), self.frames, self.recording.skeleton,
            gap=3, longest=settings.longest, least=settings.least_doubt,
        )  # fmt: skip
        return [
            episode for episode in found
            if episode.gain >= settings.least_gain
            and self._times(episode).max() < settings.asked_most
        ]  # fmt: skip

    def _times(self, episode: Episode) -> IntArray:
        times = self.asked.setdefault(episode.region, np.zeros(len(self.frames), np.int64))
        return times[list(episode.rows)]

    def plans(self, settings: InquirySettings, most: int) -> list[Plan]:
        """Choose the most worthwhile episodes to ask about, in the order of their frames."""
        chosen = self._episodes(settings)[: most // settings.views]
        plans = []
        for episode in sorted(chosen, key=lambda one: one.rows[0]):  # videos are read forward
            turn = int(self._times(episode).max())
            row = episode.rows[int(np.argmax(episode.worth))]
            near = self._near(row, episode.region)
            plans.append(Plan(int(self.frames[row]), episode.region, near, turn))
            self.asked[episode.region][list(episode.rows)] += 1
        return plans

    def _near(self, row: int, region: str, reach: int = 8) -> FloatArray:
        """Where the region's keypoints are or were lately, shape (n, 3)."""
        skeleton = self.recording.skeleton
        names = skeleton.regions.get(region, skeleton.keypoints)
        at = [skeleton.index(name) for name in names]
        first, last = max(0, row - reach), row + reach + 1
        around = self.whole.poses.points[first:last, at]
        distance = np.abs(np.arange(first, first + len(around)) - row).astype(float)
        known = np.isfinite(around[..., 0])
        nearest = np.where(known, distance[:, None], np.inf).argmin(0)
        points: FloatArray = around[nearest, np.arange(len(at))]
        return points[np.isfinite(points[:, 0])]

    # Hearing -----------------------------------------------------------------------------------

    def teach(self, words: Words, is_: "dict[tuple[int, int, int], int]") -> None:
        """Learn from words about dots that are known for certain (``is_``, by cell)."""
        none = len(self.recording.skeleton)
        cells = zip(words.frame.tolist(), words.camera.tolist(), words.number.tolist(), strict=True)
        truth = np.array([is_.get(cell, none) for cell in cells], np.int64)
        self.confusion.learn(truth, words.keypoint, _experience(words.frame, truth))

    def hear(self, words: Words, settings: InquirySettings) -> None:
        """Take words; where geometry is sure, they tell what words are worth."""
        self.words = self.words.joined(words)
        labels, poses = self.whole.labels, self.whole.poses
        row = np.searchsorted(self.frames, words.frame)
        named = labels.candidate[row, words.camera] == words.number[:, None]
        keypoint = named.argmax(1)
        sure = named.any(1) & (poses.confidence[row, keypoint] >= settings.sure)
        known = keypoint[sure].astype(np.int64)
        weight = _experience(words.frame[sure], known)
        self.confusion.learn(known, words.keypoint[sure], weight)


def _experience(frame: IntArray, keypoint: IntArray) -> FloatArray:
    """Weight of words, shape (n,): those about one keypoint of one frame weigh 1 together."""
    cells = np.stack([frame, keypoint], axis=1)
    _, cell, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    weight: FloatArray = 1.0 / count[cell.ravel()]
    return weight


def _leans(window: Window, words: Words) -> IntArray:
    """Frame in which a model said most of each keypoint's point or its tracklet, -1 for none."""
    row = window.naming.row[window.rows]
    frame = np.append(window.heard.frame, -1)[row]
    leans: IntArray = np.where((row >= 0) & np.isin(frame, words.frame), frame, -1)
    return leans


def _mark_voted(labels: Labels, leans: IntArray) -> None:
    """Labels of points about which a model was heard are fused ones."""
    labelled = np.isin(labels.status, LABELLED) & (labels.source == Source.GEOMETRIC)
    labels.source[labelled & (leans >= 0)[:, None]] = Source.FUSED


def _arrivals(part: Labelling, step: Progress) -> Iterator[Progress]:
    """Tell what was named, one step for each run of successive frames."""
    frames = part.labels.frames
    if not len(frames):
        yield step
    for rows in np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > 1) + 1):
        if len(rows):
            at = slice(int(rows[0]), int(rows[-1]) + 1)
            yield Arrived(
                step.done, step.total, step.message, first_frame=int(frames[at.start]),
                labels=_slice(part.labels, at), poses=_slice(part.poses, at),
            )  # fmt: skip


def _slice(table: Table, at: slice) -> Table:
    return type(table)(*(getattr(table, column.name)[at] for column in fields(table)))


def _hidden_doubt(window: Window, poses: Poses) -> FloatArray:
    """Chance that a keypoint without a point is one of the points without a name, shape (F, K)."""
    points = window.points
    named = np.zeros(len(points) + 1, bool)
    named[window.naming.row] = True
    free = ~named[:-1]
    weight = np.select([points.n_views >= 3, points.n_views == 2], [0.8, 0.15], 0.0)
    free_points = np.bincount(
        points.frame, weights=weight * free, minlength=int(window.rows.max(initial=0)) + 1
    )[window.rows]
    hidden = ~np.isfinite(poses.points[..., 0])
    chance = np.minimum(free_points / np.maximum(hidden.sum(1), 1), 0.6)
    return np.where(hidden, chance[:, None], 0.0)
