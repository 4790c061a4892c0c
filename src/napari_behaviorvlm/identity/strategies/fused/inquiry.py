"""One question about one region in one view of one frame, and what its answer says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.strategies import CandidateVotes
from napari_behaviorvlm.identity.strategies.fused.confusion import Confusion
from napari_behaviorvlm.vlm.answers import AssignmentsAnswer
from napari_behaviorvlm.vlm.questions import Outcome, Question

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Inquiry:
    """A question and the numbers that its picture shows.

    Parameters
    ----------
    frame, camera : int
    region : str
    question : Question
    numbers : dict of int to int
        The candidate's own number by the number that the model sees: numbers are drawn anew when
        something is asked again, so that a model which likes certain numbers does not agree with
        itself.
    """

    frame: int
    camera: int
    region: str
    question: Question
    numbers: dict[int, int]


@dataclass(frozen=True, eq=False)
class Words:
    """What a model said of single candidates, one row each.

    Parameters
    ----------
    frame, camera, number, keypoint : ndarray of int64, shape (n,)
    """

    frame: IntArray
    camera: IntArray
    number: IntArray
    keypoint: IntArray

    def __len__(self) -> int:
        return len(self.frame)

    def votes(self, confusion: Confusion) -> CandidateVotes:
        """Weigh every word for and against every keypoint."""
        _, word, count = np.unique(
            np.stack([self.frame, self.keypoint], axis=1), axis=0,
            return_inverse=True, return_counts=True,
        )  # fmt: skip
        weights = confusion.weights(self.keypoint, 1.0 / count[word.ravel()])
        count = weights.shape[1]
        return CandidateVotes(
            np.repeat(self.frame, count),
            np.repeat(self.camera, count).astype(np.int16),
            np.repeat(self.number, count).astype(np.int32),
            np.tile(np.arange(count), len(self)).astype(np.int16),
            weights.ravel(),
        )

    def joined(self, other: "Words") -> "Words":
        """Return these words and others."""
        return Words(*(
            np.concatenate(pair) for pair in (
                (self.frame, other.frame), (self.camera, other.camera),
                (self.number, other.number), (self.keypoint, other.keypoint),
            )
        ))  # fmt: skip


def no_words() -> Words:
    """Return an empty table."""
    nothing = np.zeros(0, np.int64)
    return Words(nothing, nothing, nothing, nothing)


def words_of(
    inquiries: Sequence[Inquiry], outcomes: Sequence[Outcome], skeleton: Skeleton
) -> Words:
    """Gather what answers say; "not visible" says nothing of any candidate."""
    rows = []
    for inquiry, outcome in zip(inquiries, outcomes, strict=True):
        if not isinstance(outcome.answer, AssignmentsAnswer):
            continue
        for item in outcome.answer.assignments:
            number = inquiry.numbers.get(item.candidate)
            if number is not None and item.keypoint in skeleton.keypoints:
                keypoint = skeleton.index(item.keypoint)
                rows.append((inquiry.frame, inquiry.camera, number, keypoint))
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Words(*table.T)
