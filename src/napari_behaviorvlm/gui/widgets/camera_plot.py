"""Each camera's error: how it is distributed, and whether a camera left its place."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter

from napari_behaviorvlm.core.hues import HUES
from napari_behaviorvlm.gui.models.curves import Stretches
from napari_behaviorvlm.gui.models.drift import CameraErrors, Disagreement, camera_sentence
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.plot_page import PlotPage, legend, line
from napari_behaviorvlm.gui.widgets.time_plot import BACKGROUND, FAINT, INK, MARK, TimePlot

_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
_LEAST_PX = 2.0
"""The axis shows at least this range, so that noise does not look like drift."""


class CameraPage(PlotPage):
    """Boxes per camera on the left, a line per camera over time on the right.

    Parameters
    ----------
    session : LabellingSession
    """

    title = "Cameras"

    def __init__(self, session: LabellingSession) -> None:
        plot = TimePlot(session.n_frames, session.fps, "error (px)")
        super().__init__(session, plot)
        names = session.rig.names
        self._errors: CameraErrors | None = None
        self.colours = tuple(HUES[at % len(HUES)] for at in range(len(names)))
        self.boxes = CameraBoxes(names, self.colours)
        self.boxes.clicked.connect(self._select)
        self.body.insertWidget(0, self.boxes, 1)
        self.body.setStretchFactor(plot, 3)
        self._lines = [line(colour) for colour in self.colours]
        self._names = [pg.TextItem(name, color=colour, anchor=(1, 1))
                       for name, colour in zip(names, self.colours, strict=True)]  # fmt: skip
        for item in (*self._lines, *self._names):
            plot.addItem(item, ignoreBounds=True)
        if len(names) < 3:
            plot.getPlotItem().setLabel("left", "distance from the 3D point (px)", color=INK)

    def _select(self, camera: int) -> None:
        self.session.select(self.session.selection.keypoint, camera)

    def build(self) -> None:
        """Measure all cameras."""
        self._errors = CameraErrors.measure(self.session.poses)

    def follow(self, rows: tuple[int, ...]) -> None:
        """Measure the bins of some frames again."""
        assert self._errors is not None
        self._errors.update(self.session.poses, rows)

    def draw(self) -> None:
        """Draw everything: a few hundred values a camera."""
        errors = self._errors
        assert errors is not None
        found = errors.disagreements(self.session.poses)
        off = {entry.camera for entry in found}
        for camera in range(len(self.colours)):
            pen = self._pen(camera, stands_out=camera in off, any_off=bool(off))
            self._lines[camera].setPen(pen)
            self._lines[camera].setData(errors.centers, errors.median[:, camera], connect="finite")
        known = errors.median[np.isfinite(errors.median)]
        top = max(_LEAST_PX, 1.25 * float(known.max()) if len(known) else 0.0)
        self.plot.setYRange(0, top, padding=0)
        self._name_lines(found)
        self.plot.marks.show_stretches(_stretches(found))
        self.boxes.show_errors(errors.spread, self.session.selection.camera)
        self.header.setText(legend(
            (FAINT, "█", "half of a camera's errors against the others"),
            (FAINT, "─", "nine of ten"), (INK, "┃", "median; on the right over time"),
            (MARK, "▨", "one stands out"),
        ))  # fmt: skip
        self._rest = camera_sentence(errors, found, self.session.rig.names, self.session.fps)
        if found:
            self._rest = f"⚠ {self._rest}"
        self.sentence.setText(self._rest)

    def _pen(self, camera: int, *, stands_out: bool, any_off: bool) -> Any:
        colour = QColor(self.colours[camera])
        chosen = camera == self.session.selection.camera
        colour.setAlpha(255 if stands_out or chosen or not any_off else 150)
        style = _DASHES[camera // (len(HUES) - 1) % len(_DASHES)]
        return pg.mkPen(colour, width=3 if stands_out else 2 if chosen else 1.2, style=style)

    def _name_lines(self, found: list[Disagreement]) -> None:
        for name in self._names:
            name.setVisible(False)
        for entry in found:
            low, high, _ = self.plot.seen()
            at = np.clip(entry.last, low, high)
            self._names[entry.camera].setPos(float(at), entry.ends_px)
            self._names[entry.camera].setVisible(bool(entry.first <= high and entry.last >= low))

    def say_under_mouse(self, frame: int) -> None:
        """Say every camera's error around a frame."""
        if frame < 0 or self._errors is None:
            self.sentence.setText(self._rest)
            return
        at = int(np.searchsorted(self._errors.starts, frame, side="right")) - 1
        words = [f"{name} {error:.2f}" for name, error in
                 zip(self.session.rig.names, self._errors.median[at], strict=True)
                 if np.isfinite(error)]  # fmt: skip
        self.sentence.setText(f"Around {self.time_of(frame)}: {', '.join(words) or 'no labels'} px")


def _stretches(found: list[Disagreement]) -> Stretches:
    frames = [np.arange(entry.first, entry.last + 1) for entry in found]
    return Stretches.of(np.concatenate(frames) if frames else np.zeros(0, np.int64))


class CameraBoxes(pg.PlotWidget):
    """A box per camera: median, half of the errors, nine out of ten.

    Parameters
    ----------
    names, colours : tuple of str
    """

    clicked = pg.QtCore.Signal(int)

    def __init__(self, names: tuple[str, ...], colours: tuple[str, ...]) -> None:
        axes = {side: pg.AxisItem(side, textPen=INK, pen=FAINT) for side in ("left", "bottom")}
        super().__init__(background=BACKGROUND, axisItems=axes)
        self.setMinimumWidth(110)
        self.setMaximumWidth(260)
        self._names, self._n = names, len(names)
        plot = self.getPlotItem()
        plot.setMenuEnabled(enableMenu=False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setLabel("bottom", "error (px)", color=INK)
        plot.showGrid(x=True, alpha=0.15)
        axes["bottom"].enableAutoSIPrefix(enable=False)
        axes["left"].setTicks([list(enumerate(names))])
        plot.getViewBox().invertY(b=True)
        plot.setYRange(-0.6, self._n - 0.4, padding=0)
        self._boxes = _Boxes(colours)
        self.addItem(self._boxes, ignoreBounds=True)
        self.scene().sigMouseClicked.connect(self._on_click)

    def show_errors(self, spread: np.ndarray, chosen: int) -> None:
        """Draw 5, 25, 50, 75 and 95 % of each camera, shape (C, 5); ``chosen`` is in bold."""
        top = float(np.nanmax(spread)) if np.isfinite(spread).any() else 1.0
        self.setXRange(0, max(1.0, 1.05 * top), padding=0)
        self._boxes.show_errors(spread)
        ticks = [(at, f"▸ {name}" if at == chosen else name) for at, name in enumerate(self._names)]
        self.getPlotItem().getAxis("left").setTicks([ticks])

    def _on_click(self, event: Any) -> None:
        view = self.getPlotItem().getViewBox()
        row = round(view.mapSceneToView(event.scenePos()).y())
        if 0 <= row < self._n:
            self.clicked.emit(row)


class _Boxes(pg.GraphicsObject):
    def __init__(self, colours: tuple[str, ...]) -> None:
        super().__init__()
        self._colours = colours
        self._spread = np.full((len(colours), 5), np.nan)

    def show_errors(self, spread: np.ndarray) -> None:
        self.prepareGeometryChange()
        self._spread = spread.copy()
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self.viewRect()

    def paint(self, painter: QPainter, *_: Any) -> None:
        for row, (colour, values) in enumerate(zip(self._colours, self._spread, strict=True)):
            if not np.isfinite(values).all():
                continue
            low, lower, middle, upper, high = values.tolist()
            painter.setPen(pg.mkPen(colour, width=1.5))
            painter.drawLine(pg.Point(low, row), pg.Point(high, row))
            fill = QColor(colour)
            fill.setAlpha(150)
            painter.setBrush(fill)
            painter.drawRect(QRectF(lower, row - 0.28, upper - lower, 0.56))
            painter.setPen(pg.mkPen(INK, width=2.5))
            painter.drawLine(pg.Point(middle, row - 0.34), pg.Point(middle, row + 0.34))
