"""From one doubtful label to the next."""

from psygnal import Signal

from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.models.session import Change
from napari_behaviorvlm.identity.live_queue import LiveQueue, QueueFilter, QueueOrder
from napari_behaviorvlm.identity.review import ReviewItem

NOT_JUDGED = "The labels are still being judged: try again in a moment."
NOTHING_LEFT = "Nothing is flagged any more."
NOTHING_SHOWN = "Nothing that the filter shows is flagged any more: clear the filter."


class ReviewFlow:
    """Going through the review queue.

    Parameters
    ----------
    flow : LabelFlow
        Its session's queue is gone through, and its Enter goes on to the next point.
    """

    arrived = Signal(object)
    """A `ReviewItem` was gone to: views zoom there."""
    active_changed = Signal(bool)

    def __init__(self, flow: LabelFlow) -> None:
        self.flow = flow
        self.session = flow.session
        self.active = False

    def show(self, chosen: QueueFilter | None = None, sorted_by: QueueOrder | None = None) -> None:
        """Choose which points are shown and in which order; None leaves it as it is."""
        queue = self.session.queue
        if queue is None:
            self.session.say(NOT_JUDGED)
            return
        queue.show(chosen, sorted_by)
        self.session.queue_changed.emit()

    def clear_filter(self) -> None:
        """Show everything that waits."""
        self.show(QueueFilter())

    # Going on ----------------------------------------------------------------------------------

    def next(self, step: int = 1) -> ReviewItem | None:
        """Go to the next flagged point (step -1: the one before) and say why it is flagged."""
        self.flow.commit_pending()
        queue = self._ready()
        if queue is None:
            return None
        here = (self.session.frame, self.session.selection.keypoint)
        # The first step of a review goes to the head of the queue, wherever one happens to be.
        there = queue.next_after(*here, step) if self.active else queue.point(0)
        self._set_active(True)
        if there is None:  # only the point that is being looked at is left
            there = queue.point(0)
        return self._go(queue, *there)

    def previous(self) -> ReviewItem | None:
        """Go to the flagged point before."""
        return self.next(-1)

    def go_to_row(self, row: int) -> ReviewItem | None:
        """Go to a row of the queue."""
        queue = self._ready()
        if queue is None or not 0 <= row < len(queue):
            return None
        self._set_active(True)
        return self._go(queue, *queue.point(row))

    def stop(self) -> None:
        """Leave the review: Enter stays at its point."""
        self._set_active(False)

    def _ready(self) -> LiveQueue | None:
        queue = self.session.queue
        if queue is None:
            self.session.say(NOT_JUDGED)
        elif not len(queue):
            self._set_active(False)
            self.session.say(NOTHING_SHOWN if queue.chosen != QueueFilter() else NOTHING_LEFT)
            return None
        return queue

    def _go(self, queue: LiveQueue, frame: int, keypoint: int) -> ReviewItem:
        position = queue.position(frame, keypoint)
        assert position is not None
        item = queue.item(position)
        camera = self.session.rig.index(item.camera) if item.camera else -1
        self.session.go_to(frame)
        self.session.select(keypoint, camera)
        self.session.say(item.reason)
        self.arrived.emit(item)
        return item

    def _set_active(self, active: bool) -> None:
        if active != self.active:
            self.active = active
            self.active_changed.emit(active)

    # Settling ----------------------------------------------------------------------------------

    @property
    def item(self) -> ReviewItem | None:
        """The selected point as the queue describes it; None if it does not wait."""
        queue = self.session.queue
        if queue is None:
            return None
        position = queue.position(self.session.frame, self.session.selection.keypoint)
        return None if position is None else queue.item(position)

    @property
    def settled(self) -> bool:
        """Whether a person decided about every label of the selected point."""
        session = self.session
        at = (session.frame, slice(None), session.selection.keypoint)
        labelled = (session.labels.status[at] >= min(LABELLED)) & (
            session.labels.status[at] <= max(LABELLED)
        )
        decided = session.decided[at]
        return bool(decided.any() and (decided | ~labelled).all())

    def accept(self) -> Change | None:
        """Agree with the point; while reviewing, go on to the next one."""
        if not self.active or self.flow.pending or self.flow.seeding.active:
            return self.flow.accept()
        change = None
        if not self.settled or self.flow.proposals:
            change = self.flow.accept()
        if self.settled:
            self.next()
        return change
