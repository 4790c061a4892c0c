"""What the pages of the plots have in common: they read the session only while they are seen."""

from html import escape
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.time_plot import BACKGROUND, INK, TimePlot
from napari_behaviorvlm.identity.flag_words import describe


class PlotPage(QWidget):
    """A title, a plot over frames and a sentence below it.

    Subclasses read the session in `build`, follow edits in `follow` and draw in `draw`.

    Parameters
    ----------
    session : LabellingSession
    plot : TimePlot
    """

    title = ""

    def __init__(self, session: LabellingSession, plot: TimePlot) -> None:
        super().__init__()
        self.session = session
        self.plot = plot
        self.header = QLabel()
        self.sentence = QLabel()
        self._rest = ""
        self._built = self._ended = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._redraw)
        self.body = QHBoxLayout()
        self.body.setSpacing(0)
        self.body.addWidget(plot, 1)
        layout = self.column = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(2)
        layout.addWidget(self.header)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.sentence)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.header, self.sentence):
            label.setStyleSheet(f"background: {BACKGROUND}; color: {INK}; padding: 3px")
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        plot.clicked.connect(session.go_to)
        plot.hovered.connect(self.say_under_mouse)
        plot.moved.connect(self.redraw_soon)

    def build(self) -> None:
        """Read the session; called before the page is drawn for the first time or anew."""

    def follow(self, rows: tuple[int, ...]) -> None:
        """Exchange what an edit of some frames changed."""

    def draw(self) -> None:
        """Draw what is seen."""

    def selected(self) -> None:
        """Follow the selection."""
        self.redraw_soon()

    def say_under_mouse(self, frame: int) -> None:
        """Tell about the frame under the mouse; -1 for none."""

    def show_frame(self, frame: int) -> None:
        """Move the line; all that a new frame costs."""
        self.plot.show_frame(frame)

    def forget(self) -> None:
        """Read everything anew when the page is next seen."""
        self._built = False
        self.redraw_soon()

    def edited(self, rows: tuple[int, ...]) -> None:
        """Follow an edit."""
        if self._built:
            self.follow(rows)
            self.redraw_soon()

    def redraw_soon(self) -> None:
        """Draw once, after everything that is happening has happened, and only if seen."""
        if self.isVisible() and not self._ended and not self._timer.isActive():
            self._timer.start(0)

    def _redraw(self) -> None:
        if not self.isVisible() or self._ended:
            return
        if not self._built:
            self.build()
            self._built = True
        self.draw()
        self.show_frame(self.session.frame)

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Catch up."""
        super().showEvent(event)
        self.redraw_soon()

    def let_go(self) -> None:
        """End the timer and the plots, whose menus belong to nobody; may be called twice."""
        self._timer.stop()
        if not self._ended:
            self._ended = True
            for plot in self.findChildren(pg.PlotWidget):
                plot.close()
                plot.deleteLater()

    # For subclasses --------------------------------------------------------------------------

    def time_of(self, frame: int) -> str:
        """Write a frame and its time."""
        fps = self.session.fps
        return f"frame {frame} ({frame / fps:.2f} s)" if fps else f"frame {frame}"

    def reasons(self, frame: int, keypoint: int) -> str:
        """Why a keypoint is flagged in a frame, in words; empty if it is not."""
        flags = self.session.flags
        if flags is None:
            return ""
        rows = range(len(flags))[flags.rows(frame, frame + 1)]
        unit = self.session.project.config.unit
        words = [
            describe(flags, row, self.session.rig, self.session.skeleton, unit)
            for row in sorted(rows, key=lambda row: -flags.doubt[row])
            if flags.keypoint[row] == keypoint
        ]
        return "; ".join(words)


def legend(*entries: tuple[str, str, str]) -> str:
    """Write a legend as rich text from (colour, sign, words)."""
    return "&nbsp; ".join(
        f'<span style="color: {colour}"><b>{sign}</b></span> {escape(words)}'
        for colour, sign, words in entries
    )


def line(colour: str, width: float = 1.0, alpha: int = 255, style: Any = None) -> pg.PlotCurveItem:
    """Make an empty curve."""
    ink = QColor(colour)
    ink.setAlpha(alpha)
    pen = pg.mkPen(ink, width=width, style=style or Qt.PenStyle.SolidLine)
    curve = pg.PlotCurveItem(pen=pen, antialias=True)
    # Stroking one long zigzag takes Qt a second; its segments one by one take milliseconds.
    curve.setSegmentedLineMode("on")
    return curve


def band(
    low: pg.PlotCurveItem, high: pg.PlotCurveItem, colour: str, alpha: int
) -> pg.FillBetweenItem:
    """Fill between two curves."""
    ink = QColor(colour)
    ink.setAlpha(alpha)
    return pg.FillBetweenItem(low, high, brush=ink)
