"""Which behaviour follows which, as a table of shaded cells."""

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.cluster_summary import Following
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import fill_label

_GROUND, _CELL, _INK = QColor("#16191d"), QColor("#262b31"), QColor("#e8ebee")
_FULL = QColor("#56B4E9")
_DARK, _RIM = QColor("#101214"), QColor("#ffffff")
HEAD, SIDE, LEGEND = 30, 100, 18
_LARGEST = 46.0


class FollowingTable(QWidget):
    """Rows: what an animal did; columns: what it did next. A click chooses those bouts.

    Parameters
    ----------
    session : BehaviorSession
    """

    clicked = Signal(str, str)
    """Label, and the one that follows it."""

    def __init__(self, session: BehaviorSession) -> None:
        super().__init__()
        self.setObjectName("following_table")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._session = session
        self._found: Following | None = None
        self._chosen: tuple[str, str] | None = None
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for readable cells."""
        return QSize(380, 270)

    def show_following(self, found: Following) -> None:
        """Show other counts."""
        self._found = found
        self.update()

    # Places ------------------------------------------------------------------------------------

    def cell(self, before: int, after: int) -> QRectF:
        """Where a cell is drawn."""
        wide, high = self._sizes()
        return QRectF(SIDE + after * wide, HEAD + before * high, wide - 1, high - 1)

    def _sizes(self) -> tuple[float, float]:
        count = 1 if self._found is None else max(len(self._found.labels), 1)
        wide = (self.width() - SIDE - 4) / count
        high = (self.height() - HEAD - LEGEND) / count
        return min(max(wide, 12), 1.6 * _LARGEST), min(max(high, 10), _LARGEST)

    def cell_at(self, at: QPointF) -> tuple[str, str] | None:
        """Labels of the cell at a place."""
        found = self._found
        if found is None:
            return None
        for before, label in enumerate(found.labels):
            for after, by in enumerate(found.labels):
                if self.cell(before, after).contains(at):
                    return label, by
        return None

    # Drawing -----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        painter.setPen(_INK)
        found = self._found
        if found is None or not found.labels:
            painter.drawText(
                QRectF(self.rect()), int(Qt.AlignmentFlag.AlignCenter), "There are no events yet."
            )
            painter.end()
            return
        for at, label in enumerate(found.labels):
            self._heads(painter, at, label)
        self._cells(painter, found)
        painter.setPen(QColor("#9aa5b0"))
        painter.drawText(
            QRectF(4, self.height() - LEGEND, self.width() - 8, LEGEND),
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            "Row: before. Column: after. In the cells: how often; shade: share of the row.",
        )
        painter.end()

    def _heads(self, painter: QPainter, at: int, label: str) -> None:
        look = self._session.looks.place(label)
        metrics = QFontMetricsF(painter.font())
        row, column = self.cell(at, 0), self.cell(0, at)
        fill_label(painter, QRectF(4, row.center().y() - 5, 10, 10), look)
        painter.setPen(_INK)
        painter.drawText(
            QRectF(18, row.top(), SIDE - 24, row.height()),
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            metrics.elidedText(label, Qt.TextElideMode.ElideRight, SIDE - 24),
        )
        fill_label(painter, QRectF(column.left(), HEAD - 8, column.width(), 5), look)
        painter.drawText(
            QRectF(column.left(), 2, column.width(), HEAD - 12),
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            metrics.elidedText(label, Qt.TextElideMode.ElideRight, column.width()),
        )

    def _cells(self, painter: QPainter, found: Following) -> None:
        shares, small = found.shares, QFont(painter.font())
        small.setPixelSize(11)
        painter.setFont(small)
        for before, label in enumerate(found.labels):
            for after, by in enumerate(found.labels):
                area, share = self.cell(before, after), float(shares[before, after])
                painter.fillRect(area, _CELL)
                shade = QColor(_FULL)
                shade.setAlphaF(min(share, 1.0))
                painter.fillRect(area, shade)
                count = int(found.counts[before, after])
                if count and area.height() >= 12:
                    painter.setPen(_DARK if share > 0.55 else _INK)
                    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), str(count))
                if (label, by) == self._chosen:
                    painter.setPen(QPen(_RIM, 2))
                    painter.drawRect(area.adjusted(1, 1, -1, -1))

    # The mouse ---------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Tell which cell was clicked."""
        cell = None if event is None else self.cell_at(QPointF(event.pos()))
        self._chosen = cell
        self.update()
        if cell is not None:
            self.clicked.emit(*cell)

    def event(self, event: QEvent | None) -> bool:
        """Answer when the mouse rests."""
        if event is not None and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(QPointF(event.pos())), self)
            return True
        return bool(super().event(event))

    def words_at(self, at: QPointF) -> str:
        """Say what a cell means."""
        cell, found = self.cell_at(at), self._found
        if cell is None or found is None:
            return ""
        before, after = (found.labels.index(label) for label in cell)
        count, share = int(found.counts[before, after]), found.shares[before, after]
        return (
            f"{cell[1]} follows {cell[0]} {count} times, {100 * share:.0f} % of what follows it.\n"
            "A click chooses those bouts."
        )
