"""The review queue while somebody works: each edit moves a few points, nothing is sorted anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import Labels, Poses, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.flags import FlagSettings, FlagTable, Reason, rows_to_judge
from napari_behaviorvlm.identity.payoff import REACH, payoffs
from napari_behaviorvlm.identity.point_states import PointStates, all_point_states, point_states
from napari_behaviorvlm.identity.review import ReviewItem, review_item
from napari_behaviorvlm.identity.sorted_points import SortedPoints, sort_keys

BoolArray = NDArray[np.bool_]


class QueueOrder(Enum):
    """What a queue is sorted by."""

    PAYOFF = "payoff"
    DOUBT = "doubt"
    FRAME = "frame"
    ERROR = "error"


@dataclass(frozen=True)
class QueueFilter:
    """Which points a queue shows; an empty part lets everything pass.

    Parameters
    ----------
    keypoints : frozenset of int
        Positions on the skeleton's axis.
    cameras : frozenset of int
        Positions on the rig's camera axis: points of which a flag names one of these views;
        -1 stands for flags of the whole point.
    reasons : frozenset of Reason
        Points that are flagged for one of these.
    statuses : frozenset of Status
        Points with a view of one of these. With ACCEPTED or CORRECTED among them, points that are
        settled but still flagged are shown too.
    """

    keypoints: frozenset[int] = frozenset()
    cameras: frozenset[int] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    statuses: frozenset[Status] = frozenset()

    def passes(self, states: PointStates, n_keypoints: int) -> BoolArray:
        """Tell which of some points are shown; the first of them is a row's first keypoint."""
        shown: BoolArray = states.cause != 0
        if not self.statuses & {Status.ACCEPTED, Status.CORRECTED}:
            shown &= ~states.settled
        if self.keypoints:
            chosen = np.isin(np.arange(n_keypoints), list(self.keypoints))
            shown = (shown.reshape(-1, n_keypoints) & chosen).ravel()
        for bits, wanted in (
            (states.cameras, [camera + 1 for camera in self.cameras]),
            (states.reasons, list(self.reasons)),
            (states.statuses, list(self.statuses)),
        ):
            if wanted:
                shown &= (bits & bits.dtype.type(sum(1 << bit for bit in wanted))) != 0
        return shown


class LiveQueue:
    """Flagged points that no person has settled, kept up with edits.

    Sorted by what looking at them is worth (`payoffs`), unless chosen otherwise.

    It equals `review_queue` of the same arrays at any time, but an edit costs only the frames
    around it and copies of arrays.

    Parameters
    ----------
    labels, poses : Labels, Poses
        Of the same frames.
    flags : FlagTable
        Of these frames.
    rig, skeleton : Rig, Skeleton
    unit : str
        Of the calibration, for sentences.
    settings : FlagSettings, optional
        Those that the flags were computed with.

    Attributes
    ----------
    chosen : QueueFilter
        Which points are shown.
    sorted_by : QueueOrder
    """

    def __init__(  # noqa: PLR0917 - as in `review_queue`
        self, labels: Labels, poses: Poses, flags: FlagTable, rig: Rig, skeleton: Skeleton,
        unit: str = "mm", settings: FlagSettings | None = None,
    ) -> None:  # fmt: skip
        self._rig, self._skeleton, self._unit = rig, skeleton, unit
        self._settings = settings or FlagSettings()
        self._frames, self._flags = labels.frames, flags
        self._n_keypoints = len(skeleton)
        self._states = all_point_states(labels, poses, flags)
        self._ever_flagged = self._states.cause != 0
        self._waiting = int(self._states.waiting.sum())
        self._settled = int((self._ever_flagged & self._states.settled).sum())
        self._expected_errors = float(self._states.doubt.sum())
        self._places: dict[int, complex] = {}
        self.chosen, self.sorted_by = QueueFilter(), QueueOrder.PAYOFF
        self.show()

    # What is shown -----------------------------------------------------------------------------

    def show(self, chosen: QueueFilter | None = None, sorted_by: QueueOrder | None = None) -> None:
        """Choose which points are shown, and in which order; None leaves things as they are."""
        self.chosen = self.chosen if chosen is None else chosen
        self.sorted_by = self.sorted_by if sorted_by is None else sorted_by
        self._shown = self.chosen.passes(self._states, self._n_keypoints)
        self._value = self._values(slice(0, len(self._frames)))
        points = np.flatnonzero(self._shown)
        self._sorted = SortedPoints(self._value[points], points)
        self._places.clear()

    def go_on_from(self, earlier: "LiveQueue") -> None:
        """Show the same filter and order as an earlier queue of this session.

        What was flagged then counts as reviewed if it is settled now.
        """
        if len(earlier._ever_flagged) == len(self._ever_flagged):
            self._ever_flagged |= earlier._ever_flagged
            self._settled = int((self._ever_flagged & self._states.settled).sum())
        self.show(earlier.chosen, earlier.sorted_by)

    def _values(self, rows: slice) -> NDArray[np.float64]:
        """Values of the points of some rows; the lowest comes first."""
        states = self._states.part(self._span(rows))
        if self.sorted_by is QueueOrder.PAYOFF:
            shape = (-1, self._n_keypoints)
            doubt, cause, settled = (
                getattr(self._states, name).reshape(shape) for name in ("doubt", "cause", "settled")
            )
            return -payoffs(doubt, cause, settled, self._frames, rows).ravel()
        if self.sorted_by is QueueOrder.DOUBT:
            return -states.doubt
        if self.sorted_by is QueueOrder.ERROR:
            return np.where(np.isnan(states.error), np.inf, -states.error)
        return np.zeros(len(states.doubt))

    def _span(self, rows: slice) -> slice:
        return slice(rows.start * self._n_keypoints, rows.stop * self._n_keypoints)

    def __len__(self) -> int:
        return len(self._sorted)

    @property
    def order(self) -> NDArray[np.int64]:
        """Frame number and keypoint position of all shown points, shape (n, 2)."""
        row, keypoint = np.divmod(self._sorted.points(), self._n_keypoints)
        return np.stack([self._frames[row], keypoint], axis=1)

    def point(self, index: int) -> tuple[int, int]:
        """Frame number and keypoint position of the point at a position of the queue."""
        return self._named(self._sorted.point(index))

    def item(self, index: int) -> ReviewItem:
        """Return the point at a position of the queue in words."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        point = self._sorted.point(index)
        frame, keypoint = self._named(point)
        return review_item(
            self._flags, frame, keypoint, self._rig, self._skeleton, self._unit,
            error=float(self._states.error[point]), doubt=float(self._states.doubt[point]),
            run=self._run(point),
        )  # fmt: skip

    def position(self, frame: int, keypoint: int) -> int | None:
        """Position of a point in the queue, None if it is not shown."""
        point = self._point(frame, keypoint)
        return self._sorted.place(self._key(point))[0] if self._shown[point] else None

    def next_after(self, frame: int, keypoint: int, step: int = 1) -> tuple[int, int] | None:
        """Return the point so many places after another one, from the last on to the first again.

        Parameters
        ----------
        frame, keypoint : int
            Frame number and keypoint position of the point that is being looked at. Where it was
            just edited, the place counts that it had before; where it was never in the queue,
            that is the beginning (or its time, in a queue sorted by frame).
        step : int
            -1 for the one before.

        Returns
        -------
        tuple of int or None
            Frame number and keypoint position; None if nothing is shown.
        """
        if not len(self) or not step:
            return None
        here = self._point(frame, keypoint)
        at, present = self._sorted.place(self._place(here))
        index = at + step - (step > 0 and not present)
        if self._sorted.point(index % len(self)) == here:
            # It was edited and moved, but not far: "next" is never the same point again.
            index += 1 if step > 0 else -1
        there = self._sorted.point(index % len(self))
        self._places.pop(there, None)
        return self._named(there)

    def _place(self, point: int) -> complex:
        if point in self._places:
            return self._places[point]
        if self._shown[point]:
            return self._key(point)
        return complex(0.0 if self.sorted_by is QueueOrder.FRAME else -np.inf, point)

    def _key(self, point: int) -> complex:
        return complex(self._value[point], point)

    def _point(self, frame: int, keypoint: int) -> int:
        return int(np.searchsorted(self._frames, frame)) * self._n_keypoints + keypoint

    def _named(self, point: int) -> tuple[int, int]:
        row, keypoint = divmod(point, self._n_keypoints)
        return int(self._frames[row]), keypoint

    def _run(self, point: int) -> int:
        """Count successive frames in which this keypoint waits for the same reason and view."""
        return 1 + self._alike(point, 1) + self._alike(point, -1)

    def _alike(self, point: int, step: int) -> int:
        """Count them on one side: later frames for step 1, earlier ones for -1."""
        row, keypoint = divmod(point, self._n_keypoints)
        count, size = 0, 64
        while True:
            rows = row + step * np.arange(count + 1, count + 1 + size)
            rows = rows[(rows >= 0) & (rows < len(self._frames))]
            points = rows * self._n_keypoints + keypoint
            alike = self._states.cause[points] == self._states.cause[point]
            alike &= ~self._states.settled[points]
            alike &= self._frames[rows] - self._frames[row] == rows - row
            if not alike.all():
                return count + int(alike.argmin())
            if len(rows) < size:
                return count + len(rows)
            count, size = count + size, 2 * size

    # Where the review stands -------------------------------------------------------------------

    @property
    def flags(self) -> FlagTable:
        """The flags that the queue was made from."""
        return self._flags

    @property
    def waiting(self) -> int:
        """Flagged points that no person has settled, whatever the filter shows."""
        return self._waiting

    @property
    def progress(self) -> tuple[int, int]:
        """How many points were reviewed, and how many there are to review in all.

        Reviewed are those that a person settled and that were flagged when the queue was made or
        later; to these come those that wait. Points whose flags went away because a neighbour was
        corrected count no more, so that the two are equal when nothing waits.
        """
        return self._settled, self._settled + self._waiting

    @property
    def expected_errors(self) -> float:
        """About how many labelled points that no person has settled are wrong, flagged or not."""
        return max(self._expected_errors, 0.0)

    @property
    def headline(self) -> str:
        """Where the review stands: "37 of 412 reviewed, expected errors left: 6"."""
        reviewed, total = self.progress
        return f"{reviewed} of {total} reviewed, expected errors left: {self.expected_errors:.0f}"

    # Edits -------------------------------------------------------------------------------------

    def update(
        self, rows: Iterable[int], labels: Labels, poses: Poses, flags: FlagTable,
        keypoints: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """Follow an edit.

        Parameters
        ----------
        rows : iterable of int
            Rows whose labels or 3D points changed.
        labels, poses, flags
            After the edit; ``flags`` from `update_flags` of these rows.
        keypoints : sequence of int
            Those that changed, all by default; only for where `next_after` goes on.
        """
        rows = list(rows)
        self._remember(rows, keypoints)
        self._flags = flags
        for span in rows_to_judge(rows, len(self._frames), self._settings):
            self._judge_again(span, labels, poses)

    def _remember(self, rows: list[int], keypoints: Sequence[int]) -> None:
        """Keep the places of edited points, from their first edit until another is edited."""
        edited = [
            row * self._n_keypoints + keypoint
            for row in rows for keypoint in keypoints or range(self._n_keypoints)
        ]  # fmt: skip
        places = {point: self._places[point] for point in edited if point in self._places}
        for point in edited:
            if point not in places and self._shown[point]:
                places[point] = self._key(point)
        self._places = places

    def _judge_again(self, rows: slice, labels: Labels, poses: Poses) -> None:
        span = self._span(rows)
        old, new = self._states.part(span), point_states(labels, poses, self._flags, rows)
        ever = self._ever_flagged[span]
        self._waiting += int(new.waiting.sum()) - int(old.waiting.sum())
        self._settled -= int((ever & old.settled).sum())
        self._expected_errors += float(new.doubt.sum()) - float(old.doubt.sum())
        ever |= new.cause != 0
        self._settled += int((ever & new.settled).sum())
        self._states.write(span, new)
        if self.sorted_by is QueueOrder.PAYOFF:
            # A run reaches beyond the rows that were judged, but not farther than this.
            rows = slice(max(0, rows.start - REACH), min(len(self._frames), rows.stop + REACH))
        self._move(rows)

    def _move(self, rows: slice) -> None:
        """Take points of some rows to their new places."""
        span, value = self._span(rows), self._values(rows)
        shown = self.chosen.passes(self._states.part(span), self._n_keypoints)
        moved = (self._shown[span] != shown) | (shown & (self._value[span] != value))
        gone = np.flatnonzero(moved & self._shown[span]) + span.start
        come = np.flatnonzero(moved & shown)
        new_keys = sort_keys(value[come], come + span.start)
        self._sorted.exchange(sort_keys(self._value[gone], gone), new_keys)
        self._shown[span], self._value[span] = shown, value
