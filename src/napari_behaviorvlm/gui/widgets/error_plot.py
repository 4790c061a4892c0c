"""Reprojection error of the selected keypoint over time, with what is flagged."""

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt

from napari_behaviorvlm.gui.models.curves import (
    ErrorBand,
    ErrorCurves,
    Stretches,
    flagged_stretches,
)
from napari_behaviorvlm.gui.models.palette import keypoint_looks
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.plot_page import PlotPage, band, legend, line
from napari_behaviorvlm.gui.widgets.time_plot import FAINT, INK, LOWEST_PX, MARK, TimePlot, log_px
from napari_behaviorvlm.identity.flags import Reason

_BAND = "#9aa5b1"
_LOWEST, _HIGHEST = 0.9 * LOWEST_PX, 8.0
"""The axis shows at least this range, px."""


class ErrorPage(PlotPage):
    """The selected keypoint's error against the band of all keypoints.

    Parameters
    ----------
    session : LabellingSession
    """

    title = "Errors"

    def __init__(self, session: LabellingSession) -> None:
        plot = TimePlot(
            session.n_frames, session.fps, "error (px)", logarithmic=True
        )  # fmt: skip
        super().__init__(session, plot)
        self._looks = keypoint_looks(session.skeleton)
        self._band: ErrorBand | None = None
        self._curves: ErrorCurves | None = None
        self._low, self._high = line(_BAND, alpha=0), line(_BAND, alpha=0)
        self._worst, self._used = line(INK, alpha=150), line(INK, 2)
        self._limit = pg.InfiniteLine(
            0, angle=0, pen=pg.mkPen(FAINT, style=Qt.PenStyle.DashLine), label="",
            labelOpts={"position": 0.02, "color": INK, "anchors": [(0, 1), (0, 1)]},
        )  # fmt: skip
        for item in (
            self._low, self._high, band(self._low, self._high, _BAND, 70), self._limit,
            self._worst, self._used,
        ):  # fmt: skip
            plot.addItem(item, ignoreBounds=True)

    def selected(self) -> None:
        """Show another keypoint."""
        if self._curves is not None and self._curves.keypoint != self.session.selection.keypoint:
            self._curves = None
            self.redraw_soon()

    def build(self) -> None:
        """Measure the band; the keypoint's own curves are read when they are drawn."""
        self._band, self._curves = ErrorBand.of(self.session.poses), None

    def follow(self, rows: tuple[int, ...]) -> None:
        """Patch the curves."""
        assert self._band is not None
        self._band.update(self.session.poses, rows)
        if self._curves is not None:
            self._curves.update(self.session.poses, rows)

    def draw(self) -> None:
        """Draw the seen part."""
        assert self._band is not None
        keypoint = self.session.selection.keypoint
        if self._curves is None:
            self._curves = ErrorCurves.of(self.session.poses, keypoint)
            self._used.setPen(pg.mkPen(self._looks[keypoint].colour, width=2))
        self.plot.draw_band((self._low, self._high), self._band.low, self._band.high)
        self.plot.draw(self._used, self._curves.used)
        self.plot.draw(self._worst, self._curves.worst)
        stretches = self._stretches(keypoint)
        self.plot.marks.show_stretches(stretches)
        self._set_range(self._curves)
        self._set_words(stretches)

    def _stretches(self, keypoint: int) -> Stretches:
        flags = self.session.flags
        if flags is None:
            return Stretches.of(np.zeros(0, np.int64))
        return flagged_stretches(flags, keypoint)

    def _set_range(self, curves: ErrorCurves) -> None:
        limit = self._limit_px()
        judged = bool(np.isfinite(limit))
        self._limit.setVisible(judged)
        if judged:
            self._limit.setValue(log_px(limit))
            self._limit.label.setFormat(f"usual limit {limit:.1f} px")
        highest = np.fmax(1.5 * curves.worst.highest, _HIGHEST)
        self.plot.setYRange(np.log10(_LOWEST), log_px(highest), padding=0)

    def _limit_px(self) -> float:
        """Error above which points are flagged in this session; NaN while nobody was judged."""
        flags = self.session.flags
        if flags is None:
            return float("nan")
        by_error = np.isin(flags.reason, (Reason.HIGH_ERROR, Reason.VIEW_DISAGREES))
        return float(flags.high[by_error.argmax()]) if by_error.any() else float("nan")

    def _set_words(self, stretches: Stretches) -> None:
        name = self.session.skeleton.keypoints[self.session.selection.keypoint]
        colour = self._looks[self.session.selection.keypoint].colour
        self.header.setText(legend(
            (colour, "━", f"reprojection error of {name}, views used"),
            (INK, "─", "its worst view"), (_BAND, "█", "nine of ten keypoints"),
            (MARK, "▨", "flagged"),
        ))  # fmt: skip
        self._rest = _flag_words(name, stretches)
        self.sentence.setText(self._rest)

    def say_under_mouse(self, frame: int) -> None:
        """Say the error, and why the frame is flagged."""
        if frame < 0 or self._curves is None:
            self.sentence.setText(self._rest if self._curves is not None else "")
            return
        error = self._curves.used.values[frame]
        words = f"{error:.2f} px" if np.isfinite(error) else "no 3D point"
        reasons = self.reasons(frame, self.session.selection.keypoint)
        self.sentence.setText(
            f"{self.time_of(frame)}: {words}" + (f". Flagged: {reasons}" if reasons else "")
        )


def _flag_words(name: str, stretches: Stretches) -> str:
    if not len(stretches):
        return f"{name} is flagged nowhere."
    frames = "one frame" if stretches.frames == 1 else f"{stretches.frames} frames"
    places = "" if len(stretches) == 1 else f" in {len(stretches)} stretches"
    return f"{name} is flagged in {frames}{places}; click a hatched column to go there."
