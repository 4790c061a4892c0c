"""The review panel: how far the review is, what is shown of the queue, and the queue itself."""

from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHeaderView,
    QProgressBar,
    QSizePolicy,
    QTableView,
    QWidget,
)

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.controllers.review_flow import ReviewFlow
from napari_behaviorvlm.gui.widgets.keypoint_panel import STATUS_WORDS
from napari_behaviorvlm.gui.widgets.queue_model import Column, QueueModel, reviewed_sentence
from napari_behaviorvlm.gui.widgets.style import GAP, ROW, Panel, Sentence, button, column, row
from napari_behaviorvlm.identity.flags import Reason
from napari_behaviorvlm.identity.live_queue import QueueFilter, QueueOrder

WHOLE_POINT = -1
"""In a filter by view: flags of the point as a whole."""

ORDERS = {
    QueueOrder.PAYOFF: "Worth most first", QueueOrder.DOUBT: "Most doubtful first",
    QueueOrder.FRAME: "In order of frames",
    QueueOrder.ERROR: "Largest error first",
}  # fmt: skip

FILTERED_STATUSES = (Status.PROPOSED, Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED)

WIDTHS = {Column.FRAME: 52, Column.KEYPOINT: 84, Column.VIEW: 50, Column.DOUBT: 48}
"""Pixels; the reason takes what is left."""

NARROW = 420
"""Below this width the view has no column of its own: the reason names it."""


class FilterBox(QWidget):
    """What the queue shows, and in which order.

    Parameters
    ----------
    review : ReviewFlow
    """

    def __init__(self, review: ReviewFlow) -> None:
        super().__init__()
        self._review = review
        session = review.session
        self.keypoint = _choice("All keypoints", enumerate(session.skeleton.keypoints))
        views = [*enumerate(session.rig.names), (WHOLE_POINT, "no view in particular")]
        self.camera = _choice("All views", views)
        self.reason = _choice("All reasons", [(r, r.heading) for r in Reason])
        self.status = _choice(
            "All statuses", [(s, STATUS_WORDS[s].capitalize()) for s in FILTERED_STATUSES]
        )
        self.order = _choice(None, ORDERS.items())
        self.order.setObjectName("queue_order")
        self.order.setToolTip(
            "Worth most: the mistakes that a look is expected to remove, for the time it takes."
        )
        self.clear = button("Show all", "Takes all filters away.", name="clear_filter")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        for at, part in enumerate(self.parts):
            layout.addWidget(part, at // 2, at % 2)
        self.read()

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """All choices, and the button that clears them."""
        return self.keypoint, self.camera, self.reason, self.status, self.order, self.clear

    @property
    def choices(self) -> tuple[QComboBox, ...]:
        """The choices that make up the filter."""
        return self.keypoint, self.camera, self.reason, self.status

    def apply(self, *_: object) -> None:
        """Show what is chosen."""
        keypoints, cameras, reasons, statuses = (
            frozenset() if box.currentIndex() <= 0 else frozenset({box.currentData()})
            for box in self.choices
        )
        self._review.show(
            QueueFilter(keypoints, cameras, reasons, statuses), self.order.currentData()
        )

    def reset(self, *_: object) -> None:
        """Show everything that waits."""
        for box in self.choices:
            was_blocked = box.blockSignals(True)
            box.setCurrentIndex(0)
            box.blockSignals(was_blocked)
        self.apply()

    def read(self) -> None:
        """Show in the choices what the review shows."""
        queue = self._review.session.queue
        chosen = QueueFilter() if queue is None else queue.chosen
        parts = (chosen.keypoints, chosen.cameras, chosen.reasons, chosen.statuses)
        for box, values in zip(self.choices, parts, strict=True):
            was_blocked = box.blockSignals(True)
            box.setCurrentIndex(box.findData(next(iter(values))) if values else 0)
            box.blockSignals(was_blocked)
        order = QueueOrder.PAYOFF if queue is None else queue.sorted_by
        self.order.setCurrentIndex(self.order.findData(order))

    @property
    def count(self) -> int:
        """Filters that are set."""
        return sum(box.currentIndex() > 0 for box in self.choices)


def _choice(all_of_them: str | None, entries: Any) -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if all_of_them is not None:
        box.addItem(all_of_them, None)
    for value, text in entries:
        box.addItem(text, value)
    return box


class QueueTable(QTableView):
    """The queue; rows are as high as two lines of a reason.

    Parameters
    ----------
    model : QueueModel
    """

    def __init__(self, model: QueueModel) -> None:
        super().__init__()
        self.setObjectName("queue")
        model.setParent(self)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWordWrap(True)
        self.setShowGrid(False)
        self.setAlternatingRowColors(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() * 2 + GAP)
        heading = self.horizontalHeader()
        heading.setMinimumSectionSize(30)
        heading.setHighlightSections(False)
        heading.setSectionsClickable(False)
        for at, width in WIDTHS.items():
            self.setColumnWidth(at, width)
        heading.setSectionResizeMode(Column.REASON, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(4 * ROW)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the view's column out where it is narrow."""
        self.setColumnHidden(Column.VIEW, self.width() < NARROW)
        super().resizeEvent(event)


class ReviewPanel(Panel):
    """The review of a session.

    Parameters
    ----------
    review : ReviewFlow
    """

    def __init__(self, review: ReviewFlow) -> None:
        super().__init__("review_panel")
        self._review, self._session = review, review.session
        self.model = QueueModel(self._session)
        self.table = QueueTable(self.model)
        self.headline = Sentence(name="headline")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(5)
        self.next = button("Next (Space)", "Goes to the next doubtful label.", name="next_flagged")
        self.previous = button("Back", "Goes to the doubtful label before (Shift+Space).")
        self.filter = button("Filter", "Chooses what the list shows.", checkable=True,
                             name="filter")  # fmt: skip
        self.filters = FilterBox(review)
        self.filters.hide()
        self.empty = Sentence(name="queue_empty")
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        layout = column(self)
        layout.addWidget(self.headline)
        layout.addWidget(self.progress)
        layout.addLayout(row(self.next, self.previous, self.filter))
        layout.addWidget(self.filters)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        session, boxes = self._session, (*self.filters.choices, self.filters.order)
        self.links.add(
            (session.queue_changed, self.refresh),
            (session.frame_changed, self.mark),
            (session.selection_changed, self.mark),
            (self.table.clicked, self._go),
            (self.next.clicked, self._next),
            (self.previous.clicked, self._previous),
            (self.filter.toggled, self.filters.setVisible),
            (self.filters.clear.clicked, self.filters.reset),
            *((box.currentIndexChanged, self.filters.apply) for box in boxes),
        )

    def refresh(self) -> None:
        """Follow the queue."""
        self.model.refresh()
        queue = self._session.queue
        reviewed, total = (0, 0) if queue is None else queue.progress
        self.headline.setText(reviewed_sentence(self._session))
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(reviewed)
        self.filter.setText(f"Filter ({self.filters.count})" if self.filters.count else "Filter")
        rows = self.model.rowCount()
        if not rows:  # else not worth looking through all labels
            self.empty.setText(self._why_empty())
        self.empty.setVisible(rows == 0)
        self.table.setVisible(rows > 0)
        for part in (self.next, self.previous):
            part.setEnabled(rows > 0)
        self.mark()

    def _why_empty(self) -> str:
        session = self._session
        if session.queue is None:
            return ""
        if self.filters.count:
            return "Nothing that the filter shows is flagged: press Show all."
        if not (session.labels.status != Status.UNLABELLED).any():
            return (
                "Nothing is labelled yet. 1. Find the dots (Run). 2. Label two or three seed "
                "frames: press E and click the dots. 3. Let the solver name the rest (Run)."
            )
        return "Nothing is flagged any more. Well done: export when you are ready."

    def mark(self, *_: object) -> None:
        """Mark the row of the point that is looked at."""
        at = self.model.row_of(self._session.frame, self._session.selection.keypoint)
        if at is None:
            self.table.setCurrentIndex(QModelIndex())
            self.table.clearSelection()
            return
        index = self.model.index(at, 0)
        if self.table.currentIndex().row() != at:
            self.table.selectRow(at)
        self.table.scrollTo(index)

    def _go(self, index: QModelIndex) -> None:
        self._review.go_to_row(index.row())

    def _next(self) -> None:
        self._review.next()

    def _previous(self) -> None:
        self._review.previous()
