"""The review queue as a table of Qt; sentences are made only for the rows that are seen."""

from enum import IntEnum
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.identity.review import ReviewItem

CACHED = 256
"""Rows whose sentences are kept."""


class Column(IntEnum):
    """Columns of the table."""

    FRAME = 0
    KEYPOINT = 1
    VIEW = 2
    REASON = 3
    DOUBT = 4


HEADINGS = {
    Column.FRAME: "Frame", Column.KEYPOINT: "Keypoint", Column.VIEW: "View",
    Column.REASON: "Why", Column.DOUBT: "Doubt",
}  # fmt: skip

_RIGHT = {Column.FRAME, Column.DOUBT}


class QueueModel(QAbstractTableModel):
    """Rows of the session's queue, in its order.

    Parameters
    ----------
    session : LabellingSession
    """

    def __init__(self, session: LabellingSession) -> None:
        super().__init__()
        self._session = session
        self._items: dict[int, ReviewItem] = {}
        self._rows = self._count()

    def _count(self) -> int:
        queue = self._session.queue
        return 0 if queue is None else len(queue)

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Count the points that the queue shows."""
        return 0 if parent is not None and parent.isValid() else self._rows

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Count the columns."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name a column."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[Column(section)]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what stands in a cell; all reasons as its tool tip."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = _RIGHT_MIDDLE if index.column() in _RIGHT else _LEFT_MIDDLE
            return int(getattr(side, "value", side))
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        item = self.item(index.row())
        if item is None:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join((item.reason, *item.more))
        return _text(item, Column(index.column()))

    def item(self, row: int) -> ReviewItem | None:
        """Return the point of a row in words, None if there is none."""
        queue = self._session.queue
        if queue is None or not 0 <= row < min(len(queue), self._rows):
            return None
        if row not in self._items:
            if len(self._items) >= CACHED:
                self._items.clear()
            self._items[row] = queue.item(row)
        return self._items[row]

    def row_of(self, frame: int, keypoint: int) -> int | None:
        """Row of a point, None if the queue does not show it."""
        queue = self._session.queue
        return None if queue is None else queue.position(frame, keypoint)

    def refresh(self) -> None:
        """Follow the queue; the table keeps its place."""
        self._items.clear()
        count = self._count()
        if count > self._rows:
            self.beginInsertRows(QModelIndex(), self._rows, count - 1)
            self._rows = count
            self.endInsertRows()
        elif count < self._rows:
            self.beginRemoveRows(QModelIndex(), count, self._rows - 1)
            self._rows = count
            self.endRemoveRows()
        if count:
            self.dataChanged.emit(self.index(0, 0), self.index(count - 1, len(Column) - 1))


def _text(item: ReviewItem, column: Column) -> str:
    texts = {
        Column.FRAME: str(item.frame), Column.KEYPOINT: item.keypoint, Column.VIEW: item.camera,
        Column.REASON: item.reason, Column.DOUBT: f"{100 * item.doubt:.0f} %",
    }  # fmt: skip
    return texts[column]


def reviewed_sentence(session: LabellingSession) -> str:
    """Say where the review stands: "37 of 412 reviewed, expected errors left: 6"."""
    queue = session.queue
    if queue is None:
        return "Looking for doubtful labels ..."
    return queue.headline


_LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
