"""Reading cells and dots of a session, and writing down what a person decides about a cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import LABELLED, Labels, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.project.store import Cell, StoredLabel
from napari_behaviorvlm.io.sqlite_files import now

FloatArray = NDArray[np.float64]


class Labelled(Protocol):
    """What edits read of a session; see `LabellingSession`. Rows are frame numbers."""

    author: str

    @property
    def rig(self) -> Rig:
        """Cameras."""

    @property
    def skeleton(self) -> Skeleton:
        """Keypoints."""

    @property
    def labels(self) -> Labels:
        """Labels as they stand."""

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Cells a person decided about, shape (F, C, K)."""

    def candidates(self, frame: int) -> CandidateTable:
        """Dots of a frame."""

    def proposed_dot(self, cell: Cell) -> int:
        """Dot that the runs propose for a label, 0 for none."""


@dataclass(frozen=True)
class Hand:
    """The person who decides, and when.

    Parameters
    ----------
    author : str
    created : str
        ISO 8601, UTC.
    """

    author: str
    created: str

    @classmethod
    def of(cls, session: Labelled) -> Self:
        """Return the session's author, now."""
        return cls(session.author, now())

    def at(
        self, xy: Iterable[float], number: int = 0, confidence: float | None = 1.0
    ) -> StoredLabel:
        """Put the label on a position; ``number`` is the dot there, 0 for none."""
        x, y = (float(value) for value in xy)
        return StoredLabel(
            x, y, number, Status.CORRECTED, Source.HUMAN, confidence, self.author, self.created
        )

    def nothing(self, status: Status, confidence: float | None = 1.0) -> StoredLabel:
        """Say that there is no position (OCCLUDED, OUT_OF_VIEW, REJECTED)."""
        return StoredLabel(
            None, None, 0, status, Source.HUMAN, confidence, self.author, self.created
        )

    def accepted(self, labels: Labels, cell: Cell) -> StoredLabel:
        """Agree with a proposal; it keeps its source and its confidence."""
        x, y = labels.xy[cell].tolist()
        confidence = float(labels.confidence[cell])
        return StoredLabel(
            x, y, int(labels.candidate[cell]), Status.ACCEPTED, Source(int(labels.source[cell])),
            None if np.isnan(confidence) else confidence, self.author, self.created,
        )  # fmt: skip


def has_position(labels: Labels, cell: Cell) -> bool:
    """Whether the label of a cell carries a position."""
    return int(labels.status[cell]) in LABELLED


def dots(session: Labelled, frame: int, camera: int) -> tuple[NDArray[np.int32], FloatArray]:
    """Numbers, shape (n,), and positions, shape (n, 2), of the dots of a view."""
    table = session.candidates(frame)
    mine = table.camera == camera
    return table.number[mine], table.xy[mine]


def nearest_dot(
    session: Labelled, frame: int, camera: int, xy: Iterable[float], reach: float
) -> tuple[int, FloatArray] | None:
    """Return number and position of the dot nearest to a pixel; None beyond ``reach`` (px)."""
    numbers, positions = dots(session, frame, camera)
    if not len(numbers):
        return None
    distance = np.hypot(*(positions - np.asarray(tuple(xy))).T)
    best = int(np.argmin(distance))
    return (int(numbers[best]), positions[best]) if distance[best] <= reach else None


def label_near(  # noqa: PLR0917 - a view, a position and a distance
    labels: Labels, frame: int, camera: int, xy: Iterable[float], reach: float, prefer: int = -1
) -> int | None:
    """Keypoint whose label is nearest to a pixel; None beyond ``reach`` (px).

    ``prefer`` is the keypoint to choose among labels on the same spot.
    """
    shown = np.isin(labels.status[frame, camera], LABELLED)
    distance = np.hypot(*(labels.xy[frame, camera] - np.asarray(tuple(xy))).T)
    distance = np.where(shown, distance, np.inf)
    best = int(np.argmin(distance))
    if prefer >= 0 and distance[prefer] <= distance[best] + 0.5:
        best = prefer
    return best if distance[best] <= reach else None


def holders(labels: Labels, frame: int, camera: int, number: int) -> list[int]:
    """Keypoints whose label in a view is this dot."""
    if number <= 0:
        return []
    held = labels.candidate[frame, camera] == number
    return np.flatnonzero(held & np.isin(labels.status[frame, camera], LABELLED)).tolist()


def with_losers(
    session: Labelled, given: Mapping[Cell, StoredLabel], hand: Hand
) -> tuple[dict[Cell, StoredLabel], list[Cell]]:
    """Take dots away from keypoints that others get them from: a dot is one keypoint's in a view.

    Returns
    -------
    changes : dict
        ``given`` and the labels of those that lose their dot.
    losers : list of cell
        These, in order.
    """
    losers = sorted({
        (frame, camera, keypoint)
        for (frame, camera, _), label in given.items()
        for keypoint in holders(session.labels, frame, camera, label.candidate)
        if (frame, camera, keypoint) not in given
    })  # fmt: skip
    lost = {cell: hand.nothing(Status.REJECTED) for cell in losers}
    return {**given, **lost}, losers
