"""Ways to decide which candidate is which keypoint.

A strategy takes seeds and candidates and gives labels and poses. ``geometric`` needs nothing else;
strategies that ask a vision-language model answer the same call, and what a model says of single
candidates can also be handed to the geometric solver as votes.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.seeds import Seeds


@dataclass(frozen=True, eq=False)
class CandidateVotes:
    """What somebody says of single candidates, one row per candidate and keypoint.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
    camera : ndarray of int16, shape (n,)
    number : ndarray of int32, shape (n,)
        Of the candidate in that picture.
    keypoint : ndarray of int16, shape (n,)
    weight : ndarray, shape (n,)
        Log likelihood ratio of "this candidate is this keypoint" against "it is not"; a vote that
        is right nine times in ten weighs about 2. Negative votes speak against it.
    """

    frame: NDArray[np.int64]
    camera: NDArray[np.int16]
    number: NDArray[np.int32]
    keypoint: NDArray[np.int16]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    def select(self, rows: NDArray[np.bool_]) -> "CandidateVotes":
        """Return some of the votes."""
        return CandidateVotes(
            self.frame[rows], self.camera[rows], self.number[rows], self.keypoint[rows],
            self.weight[rows],
        )  # fmt: skip

    def joined(self, other: "CandidateVotes | None") -> "CandidateVotes":
        """Return these votes and others."""
        if other is None:
            return self
        return CandidateVotes(*(
            np.concatenate([getattr(self, column.name), getattr(other, column.name)])
            for column in fields(self)
        ))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labelling:
    """Answer of a strategy; unpacks into labels and poses.

    Parameters
    ----------
    labels : Labels
    poses : Poses
    margin : ndarray of float32, shape (F, K)
        How much more the next best naming costs in which the keypoint is another point (or hidden),
        in units of log likelihood; inf where there is none, NaN where the keypoint is hidden.
    alternative : ndarray of int16, shape (F, C, K)
        Candidate of that other point in each view, 0 for none.
    """

    labels: Labels
    poses: Poses
    margin: NDArray[np.float32]
    alternative: NDArray[np.int16]

    def __iter__(self) -> Iterator[Labels | Poses]:
        return iter((self.labels, self.poses))


class Strategy(Protocol):
    """What every strategy can do."""

    name: str
    """As on the command line."""

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames.

        Parameters
        ----------
        rig : Rig
        skeleton : Skeleton
        seeds : Seeds
        candidates : CandidateTable
            Of the whole recording or at least of ``frames``; what the strategy learns about the
            animal it learns from all of it.
        frames : ndarray of int64, shape (F,)
            Frame numbers, ascending.
        votes : CandidateVotes, optional

        Yields
        ------
        Progress
            In frames.

        Returns
        -------
        Labelling

        Raises
        ------
        IdentityError
            If the seeds do not tell enough.
        """
        ...
