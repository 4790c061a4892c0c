"""The fused strategy: geometry first, then a few questions where they change most.

1. Dots are fused over the views, followed, and named by anatomy and motion (`geometric`).
2. The model names the seed frames, of which the truth is known: that is what its words are worth
   (`confusion`).
3. Doubts are gathered into episodes (`doubts`); for the most worthwhile ones one region of one
   frame is shown in the views that see most of it. The answers become votes, shared along
   tracklets; the windows concerned are solved anew. A few rounds, until nothing worth a call is
   left or the calls are used up.

Left and right are settled by the handedness of the anatomy: the confusion that is learned tells how
little a model's word about sides is worth.
"""

from collections.abc import Generator
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Source
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.learning import learn
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.strategies.fused.asking import Interviewer
from napari_behaviorvlm.identity.strategies.fused.confusion import Confusion
from napari_behaviorvlm.identity.strategies.fused.doubts import Episode, gather
from napari_behaviorvlm.identity.strategies.fused.inquiry import (
    Inquiry,
    Words,
    no_words,
    words_of,
)
from napari_behaviorvlm.identity.strategies.geometric import nothing_labelled
from napari_behaviorvlm.identity.strategies.paper import Asks, ReadFrame
from napari_behaviorvlm.identity.views import IdealViews
from napari_behaviorvlm.identity.windows import GeometricSettings, Recording, Window
from napari_behaviorvlm.vlm.questions import Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class FusedSettings:
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
    geometric : GeometricSettings
    """

    calls_per_frame: float = 3.0
    rounds: int = 3
    views: int = 2
    asked_most: int = 2
    least_gain: float = 0.25
    least_doubt: float = 0.03
    longest: int = 24
    sure: float = 0.97
    geometric: GeometricSettings = field(default_factory=GeometricSettings)


@dataclass
class FusedStrategy:
    """Names candidates by geometry, and asks a model where that leaves doubt.

    Parameters
    ----------
    model : Asks
    read : callable
        Gives the reflectance picture of a camera and frame.
    session : str
        Name of the recording, for the facts.
    settings : FusedSettings
    """

    model: Asks
    read: ReadFrame
    session: str
    settings: FusedSettings = field(default_factory=FusedSettings)
    name: str = "fused"
    exchanges: list[tuple[int, int, int]] = field(default_factory=list, init=False)
    """Frame, camera and number of every exchange."""

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames; see `Strategy.label`.

        Raises
        ------
        VLMError
            If the model cannot be asked any more, or the budget is used up.
        """
        frames = np.unique(np.asarray(frames, np.int64))
        seeds.require_poses(skeleton)
        yield Progress(0, len(frames), "learning the animal's anatomy")
        views, settings = IdealViews(rig), self.settings.geometric
        learned = learn(
            views, skeleton, seeds, candidates,
            settings=settings.learning, fusion=settings.fusion, solver=settings.solver,
        )  # fmt: skip
        recording = Recording(views, skeleton, candidates, learned, settings, votes)
        board = _Board(recording, frames, votes)
        yield from board.solve_all()
        interviewer = Interviewer(recording, seeds, self.model.profile, self.read, self.session)
        yield from self._interview(board, interviewer)
        return board.labelling()

    def _interview(
        self, board: "_Board", interviewer: Interviewer
    ) -> Generator[Progress, None, None]:
        quota = int(self.settings.calls_per_frame * len(board.frames))
        inquiries = interviewer.about_seeds() if board.worth_asking(self.settings) else []
        inquiries = inquiries[:quota]
        quota -= len(inquiries)
        outcomes = yield from self._ask(inquiries, board, "learning what its words are worth")
        board.teach(words_of(inquiries, outcomes, board.recording.skeleton), interviewer.is_)
        for turn in range(self.settings.rounds):
            share = quota // (self.settings.rounds - turn)
            inquiries = board.inquiries(interviewer, self.settings, share)
            if not inquiries:
                return
            quota -= len(inquiries)
            outcomes = yield from self._ask(inquiries, board, "asking about doubtful places")
            words = words_of(inquiries, outcomes, board.recording.skeleton)
            board.hear(words, self.settings)
            yield from board.solve_again(words)

    def _ask(
        self, inquiries: list[Inquiry], board: "_Board", what: str
    ) -> Generator[Progress, None, list[Outcome]]:
        asking = self.model.ask([inquiry.question for inquiry in inquiries])
        total = len(board.frames)
        while True:
            try:
                step = next(asking)
            except StopIteration as end:
                outcomes: list[Outcome] = end.value
                break
            yield Progress(total, total, step.message or f"{what}: {step.done} of {step.total}")
        self.exchanges += [
            (inquiry.frame, inquiry.camera, exchange)
            for inquiry, outcome in zip(inquiries, outcomes, strict=True)
            for exchange in outcome.exchanges
        ]
        return outcomes


class _Board:
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
        self.hidden = np.zeros((len(frames), count))
        self.asked: dict[str, IntArray] = {}

    # Solving -----------------------------------------------------------------------------------

    def solve_all(self) -> Generator[Progress, None, None]:
        """Name everything by geometry and what was said so far."""
        done = 0
        for context, inside in self.recording.windows(self.frames):
            self._take(self.recording.solve(context, inside))
            done += len(inside)
            yield Progress(done, len(self.frames), "naming points")

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
                self._take(self.recording.solve(context, inside))
                yield Progress(len(self.frames), len(self.frames), "naming points again")

    def _take(self, window: Window) -> None:
        part = self.recording.labelling(window)
        _mark_voted(part.labels, window)
        rows = np.searchsorted(self.frames, part.labels.frames)
        for table, piece in ((self.whole.labels, part.labels), (self.whole.poses, part.poses)):
            for column in fields(table):
                if column.name != "frames":
                    getattr(table, column.name)[rows] = getattr(piece, column.name)
        self.whole.margin[rows] = part.margin
        self.whole.alternative[rows] = part.alternative
        self.hidden[rows] = _hidden_doubt(window, part.poses)

    def labelling(self) -> Labelling:
        """Everything as it stands."""
        return self.whole

    # Doubting ----------------------------------------------------------------------------------

    def doubt(self) -> FloatArray:
        """Estimate how many labels are wrong or missing, shape (F, K)."""
        confidence = self.whole.poses.confidence.astype(np.float64)
        return np.where(np.isfinite(confidence), 1 - confidence, self.hidden)

    def worth_asking(self, settings: FusedSettings) -> bool:
        """Whether there is anything to ask about."""
        return bool(self._episodes(settings))

    def _episodes(self, settings: FusedSettings) -> list[Episode]:
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

    def inquiries(
        self, interviewer: Interviewer, settings: FusedSettings, most: int
    ) -> list[Inquiry]:
        """Questions about the most worthwhile episodes."""
        chosen = self._episodes(settings)[: most // settings.views]
        inquiries: list[Inquiry] = []
        for episode in sorted(chosen, key=lambda one: one.rows[0]):  # videos are read forward
            turn = int(self._times(episode).max())
            row = episode.rows[int(np.argmax(episode.worth))]
            inquiries += interviewer.about(
                int(self.frames[row]), episode.region,
                self._near(row, episode.region), settings.views, turn,
            )  # fmt: skip
            self.asked[episode.region][list(episode.rows)] += 1
        return inquiries

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
        self.confusion.learn(truth, words.keypoint)

    def hear(self, words: Words, settings: FusedSettings) -> None:
        """Take words; where geometry is sure, they tell what words are worth."""
        self.words = self.words.joined(words)
        labels, poses = self.whole.labels, self.whole.poses
        row = np.searchsorted(self.frames, words.frame)
        named = labels.candidate[row, words.camera] == words.number[:, None]
        keypoint = named.argmax(1)
        sure = named.any(1) & (poses.confidence[row, keypoint] >= settings.sure)
        self.confusion.learn(keypoint[sure].astype(np.int64), words.keypoint[sure])


def _mark_voted(labels: Labels, window: Window) -> None:
    """Labels of points about which a model was heard are fused ones."""
    row = window.naming.row[window.rows]
    heard = np.append(window.heard.any(1), False)[row] & (row >= 0)
    labelled = np.isin(labels.status, LABELLED) & (labels.source == Source.GEOMETRIC)
    labels.source[labelled & heard[:, None]] = Source.FUSED


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
