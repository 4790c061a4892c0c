"""How every animal spends its time, as a bar each."""

from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.cluster_summary import Budget
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import fill_label

_GROUND, _TRACK = QColor("#16191d"), QColor("#3a424b")
_INK, _DARK, _CROSSES = QColor("#e8ebee"), QColor("#101214"), QColor(90, 98, 106)
NAMES, TOP, GAP = 64, 6, 8
_BAR, _LEGEND_ROW = 30.0, 18
UNLABELLED, UNSEEN = "not labelled", "not seen"


@dataclass(frozen=True)
class Part:
    """A part of a bar: whose, what, how many frames, and where."""

    animal: str
    label: str
    frames: int
    area: QRectF


class TimeBudget(QWidget):
    """A bar per animal, a part per label; a click chooses the bouts.

    Parameters
    ----------
    session : BehaviorSession
    """

    clicked = Signal(str, str)
    """Animal and label."""

    def __init__(self, session: BehaviorSession) -> None:
        super().__init__()
        self.setObjectName("time_budget")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._session = session
        self._budgets: list[Budget] = []

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for readable bars."""
        return QSize(380, 270)

    def show_budgets(self, budgets: list[Budget]) -> None:
        """Show other numbers."""
        self._budgets = budgets
        self.update()

    # Places ------------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """All parts of all bars."""
        found: list[Part] = []
        room, high = self.width() - NAMES - 8, self._bar()
        whole = max(self._session.n_frames, 1)
        for at, budget in enumerate(self._budgets):
            x, y = float(NAMES), TOP + at * (high + GAP)
            all_parts = {**budget.labels, UNLABELLED: budget.unlabelled, UNSEEN: budget.unseen}
            for label, frames in all_parts.items():
                if frames:
                    wide = room * frames / whole
                    found.append(Part(budget.animal, label, frames, QRectF(x, y, wide, high)))
                    x += wide
        return found

    def _bar(self) -> float:
        count = max(len(self._budgets), 1)
        return min(max((self.height() - 80) / count - GAP, 12.0), _BAR)

    def part_at(self, at: QPointF) -> Part | None:
        """Part at a place."""
        return next((part for part in self.parts() if part.area.contains(at)), None)

    # Drawing -----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw bars and legend."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        metrics = QFontMetricsF(painter.font())
        for at, budget in enumerate(self._budgets):
            painter.setPen(_INK)
            painter.drawText(
                QRectF(4, TOP + at * (self._bar() + GAP), NAMES - 8, self._bar()),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                metrics.elidedText(budget.animal, Qt.TextElideMode.ElideRight, NAMES - 8),
            )
        for part in self.parts():
            self._fill(painter, part.area, part.label)
            share = f"{100 * part.frames / max(self._session.n_frames, 1):.0f} %"
            if metrics.horizontalAdvance(share) + 6 < part.area.width():
                known = part.label not in {UNLABELLED, UNSEEN}
                painter.setPen(_DARK if known else _INK)
                painter.drawText(part.area, int(Qt.AlignmentFlag.AlignCenter), share)
        self._legend(painter, metrics)
        painter.end()

    def _fill(self, painter: QPainter, area: QRectF, label: str) -> None:
        if label == UNLABELLED:
            painter.fillRect(area, _TRACK)
        elif label == UNSEEN:
            painter.fillRect(area, QBrush(_CROSSES, Qt.BrushStyle.DiagCrossPattern))
        else:
            fill_label(painter, area, self._session.looks.place(label))

    def _legend(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        """Names of what the bars hold, with seconds of all animals together."""
        x, y = 4.0, TOP + len(self._budgets) * (self._bar() + GAP) + 6
        for label, frames in self._sums().items():
            words = f"{label} {frames / self._session.fps:.0f} s"
            wide = 18 + metrics.horizontalAdvance(words) + 14
            if x + wide > self.width() and x > 4:
                x, y = 4.0, y + _LEGEND_ROW
            self._fill(painter, QRectF(x, y + 3, 12, 12), label)
            painter.setPen(_INK)
            painter.drawText(
                QRectF(x + 18, y, wide, _LEGEND_ROW),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words,
            )  # fmt: skip
            x += wide

    def _sums(self) -> dict[str, int]:
        sums: dict[str, int] = {}
        for budget in self._budgets:
            for label, frames in budget.labels.items():
                sums[label] = sums.get(label, 0) + frames
        rest = {UNLABELLED: sum(one.unlabelled for one in self._budgets),
                UNSEEN: sum(one.unseen for one in self._budgets)}  # fmt: skip
        return {**sums, **{label: frames for label, frames in rest.items() if frames}}

    # The mouse ---------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Tell which part was clicked."""
        part = None if event is None else self.part_at(QPointF(event.pos()))
        if part is not None and part.label not in {UNLABELLED, UNSEEN}:
            self.clicked.emit(part.animal, part.label)

    def event(self, event: QEvent | None) -> bool:
        """Answer when the mouse rests."""
        if event is not None and event.type() == QEvent.Type.ToolTip:
            part = self.part_at(QPointF(event.pos()))
            words = "" if part is None else (
                f"{part.animal}: {part.label}, {part.frames / self._session.fps:.1f} s"
            )  # fmt: skip
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return bool(super().event(event))
