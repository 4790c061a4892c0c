"""A plot over the session's frames: a line at the current frame, a click goes to another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPolygonF

# isort: split
# pyqtgraph takes the Qt binding that is loaded already: qtpy's.
import pyqtgraph as pg

from napari_behaviorvlm.gui.models.curves import Curve, Stretches

BACKGROUND = "#16191d"
INK = "#e8ebee"
FAINT = "#7b8794"
MARK = "#F0E442"
"""Of flags and nothing else, as on the pictures."""

POINTS = 9
_FEWEST_FRAMES = 10
_NARROWEST_MARK = 3.0
LOWEST_PX = 0.03
"""Errors below this are drawn at it: a logarithmic axis has no zero."""


class FrameAxis(pg.AxisItem):
    """Frame numbers with the time below them."""

    def __init__(self, fps: float | None) -> None:
        super().__init__("bottom", textPen=INK, pen=FAINT)
        font = QFont()
        font.setPointSize(POINTS)
        self.setStyle(hideOverlappingLabels=False, tickFont=font)
        # Two lines of ticks and the title; pyqtgraph itself counts on one line of ticks.
        self.setHeight(round((2 if fps is None else 3) * QFontMetrics(font).height() + 8))
        self.fps = fps
        self.enableAutoSIPrefix(enable=False)

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802, ARG002 - pyqtgraph's name
        """Write "1200" over "40.0 s"."""
        if self.fps is None:
            return [f"{value:.0f}" for value in values]
        return [f"{value:.0f}\n{value / self.fps:.1f} s" for value in values]

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:  # noqa: N802 - pyqtgraph's name
        """Leave out spacings below one frame."""
        return [(max(step, 1), start) for step, start in super().tickSpacing(low, high, size)]


class DecadeAxis(pg.AxisItem):
    """Labels of values that are drawn as their logarithms."""

    def __init__(self) -> None:
        super().__init__("left", textPen=INK, pen=FAINT)
        self.enableAutoSIPrefix(enable=False)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, ARG002 - pyqtgraph's name
        """Powers of ten, and 2 and 5 between them where there is room."""
        decades = np.arange(np.floor(low), np.ceil(high) + 1)
        between = (decades[:, None] + np.log10([2.0, 5.0])).ravel()
        steps = [decades] if high - low > 3 else [decades, between]
        return [(1.0, [v for v in step.tolist() if low <= v <= high]) for step in steps]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802, ARG002 - pyqtgraph's name
        """Write the values themselves."""
        return [f"{10**value:.3g}" for value in values]


class StretchMarks(pg.GraphicsObject):
    """Stretches of frames as hatched columns with a small triangle at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.stretches = Stretches.of(np.zeros(0, np.int64))
        self.setZValue(-5)

    def show_stretches(self, stretches: Stretches) -> None:
        """Replace the stretches."""
        self.stretches = stretches
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Return everything that is seen."""
        return self.viewRect()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw what is seen, in pixels so that the hatching does not stretch."""
        seen, transform = self.viewRect(), painter.worldTransform()
        gap = _NARROWEST_MARK * seen.width() / max(self.getViewBox().width(), 1)
        runs = self.stretches.seen(seen.left(), seen.right(), gap)
        edges = [transform.map(QPointF(0, y)).y() for y in (seen.top(), seen.bottom())]
        top, bottom = min(edges), max(edges)
        colour = QColor(MARK)
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        for first, last in zip(runs.first.tolist(), runs.last.tolist(), strict=True):
            left = transform.map(QPointF(first - 0.5, 0)).x()
            width = max(transform.map(QPointF(last + 0.5, 0)).x() - left, _NARROWEST_MARK)
            column = QRectF(left, top, width, bottom - top)
            colour.setAlpha(36)
            painter.fillRect(column, colour)
            colour.setAlpha(120)
            painter.fillRect(column, QBrush(colour, Qt.BrushStyle.BDiagPattern))
            painter.setBrush(QColor(MARK))
            middle = left + width / 2
            painter.drawPolygon(QPolygonF([
                QPointF(middle - 5, top), QPointF(middle + 5, top), QPointF(middle, top + 7)
            ]))  # fmt: skip
        painter.restore()


class TimePlot(pg.PlotWidget):
    """Plot area over frames: the wheel zooms in time, a drag moves, a click goes to a frame.

    Parameters
    ----------
    n_frames : int
    fps : float or None
        Frames per second.
    y_title : str
        What is plotted, with its unit.
    logarithmic : bool
        Whether values are handed over as logarithms to base ten.
    """

    clicked = Signal(int)
    hovered = Signal(int)
    moved = Signal()

    def __init__(
        self, n_frames: int, fps: float | None, y_title: str, *, logarithmic: bool = False
    ) -> None:
        left = DecadeAxis() if logarithmic else pg.AxisItem("left", textPen=INK, pen=FAINT)
        left.enableAutoSIPrefix(enable=False)
        super().__init__(background=BACKGROUND, axisItems={"bottom": FrameAxis(fps), "left": left})
        self.n_frames = n_frames
        plot = self.getPlotItem()
        style = {"color": INK, "font-size": f"{POINTS}pt"}
        plot.setLabel("left", y_title, **style)
        plot.setLabel("bottom", "frame" if fps is None else "frame, below it the time", **style)
        plot.setMenuEnabled(enableMenu=False)
        plot.hideButtons()
        plot.showGrid(y=True, alpha=0.15)
        view = plot.getViewBox()
        view.setMouseEnabled(x=True, y=False)
        view.disableAutoRange()
        view.setLimits(xMin=-0.5, xMax=max(n_frames, 2) - 0.5,
                       minXRange=min(_FEWEST_FRAMES, max(n_frames - 1, 1)))  # fmt: skip
        self.marks = StretchMarks()
        self.addItem(self.marks, ignoreBounds=True)
        self._line = pg.InfiniteLine(0, pen=pg.mkPen(INK, width=1), movable=False)
        self._line.setZValue(20)
        self.addItem(self._line, ignoreBounds=True)
        self.show_all()
        self.scene().sigMouseClicked.connect(self._on_click)
        self.scene().sigMouseMoved.connect(self._on_move)
        view.sigXRangeChanged.connect(self._on_range)

    def show_frame(self, frame: int) -> None:
        """Move the line."""
        self._line.setValue(frame)

    def show_all(self) -> None:
        """See the whole session."""
        self.setXRange(-0.5, max(self.n_frames, 2) - 0.5, padding=0)

    def seen(self) -> tuple[int, int, int]:
        """First and last frame that are seen, and the columns of the screen for them."""
        view = self.getPlotItem().getViewBox()
        low, high = view.viewRange()[0]
        return max(0, int(low)), min(self.n_frames - 1, int(high) + 1), max(50, int(view.width()))

    def draw(self, item: pg.PlotCurveItem, curve: Curve, *, logarithmic: bool = True) -> None:
        """Draw the seen part of a curve."""
        frames, values = curve.line(*self.seen())
        if logarithmic:
            values = log_px(values)
        item.setData(frames, values, connect="finite")

    def draw_band(
        self, items: tuple[pg.PlotCurveItem, pg.PlotCurveItem], low: Curve, high: Curve
    ) -> None:
        """Draw the lower edge of one curve and the upper edge of another."""
        frames, lowest, _ = low.thinned(*self.seen())
        highest = high.thinned(*self.seen())[2]
        for item, values in zip(items, (lowest, highest), strict=True):
            item.setData(frames.astype(np.float64), log_px(values), connect="finite")

    def frame_under(self, x: float) -> int:
        """Frame at a place of the axis; the beginning of a marked stretch if one is that near."""
        first, last, columns = self.seen()
        near = 4 * (last - first) / columns
        frame = round(x)
        if near > 2:
            close = self.marks.stretches.seen(x - near, x + near, 0)
            if len(close):
                frame = int(max(close.first[0], first))
        return min(max(frame, 0), self.n_frames - 1)

    def _place(self, at: QPointF) -> float | None:
        view = self.getPlotItem().getViewBox()
        if not view.sceneBoundingRect().contains(at):
            return None
        return float(view.mapSceneToView(at).x())

    def _on_click(self, event: Any) -> None:
        x = self._place(event.scenePos())
        if x is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.frame_under(x))

    def _on_move(self, at: QPointF) -> None:
        x = self._place(at)
        self.hovered.emit(-1 if x is None else self.frame_under(x))

    def _on_range(self, *_: Any) -> None:
        self.moved.emit()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Nothing is under the mouse any more."""
        super().leaveEvent(event)
        self.hovered.emit(-1)


def log_px(values: Any) -> Any:
    """Logarithm to base ten of errors in pixels, those below `LOWEST_PX` raised to it."""
    return np.log10(np.maximum(values, LOWEST_PX))
