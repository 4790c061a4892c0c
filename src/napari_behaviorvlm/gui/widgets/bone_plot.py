"""Length of a bone over time against its range in the seed frames."""

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

from napari_behaviorvlm.core.hues import HUES
from napari_behaviorvlm.gui.models.curves import BoneCurves, Curve, Stretches, bone_stretches
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.plot_page import PlotPage, legend, line
from napari_behaviorvlm.gui.widgets.time_plot import MARK, TimePlot
from napari_behaviorvlm.identity.flag_scale import FlagSettings

_SLACK = FlagSettings().bone_slack
"""Bones may leave the seeds' range by this fraction before anybody wonders."""

_RANGE = "#009E73"


class BonePage(PlotPage):
    """One bone at a time; of the selected keypoint's bones the one that is odd most often.

    Parameters
    ----------
    session : LabellingSession
    """

    title = "Bones"

    def __init__(self, session: LabellingSession) -> None:
        unit = session.project.config.unit
        super().__init__(session, TimePlot(session.n_frames, session.fps, f"length ({unit})"))
        self._bones: BoneCurves | None = None
        self._curve: Curve | None = None
        self._outside = 0
        self.chooser = QComboBox()
        self.chooser.setToolTip("Which bone is shown")
        self.chooser.addItems([f"{a} – {b}" for a, b in session.skeleton.edges])
        self.chooser.activated.connect(self._choose)
        self.column.insertWidget(0, self.chooser)
        self._line = line(HUES[1], 1.5)
        self._range = pg.LinearRegionItem(
            (0, 1), orientation="horizontal", movable=False, brush=pg.mkBrush(0, 158, 115, 70),
            pen=pg.mkPen(_RANGE),
        )  # fmt: skip
        self._limits = [
            pg.InfiniteLine(0, angle=0, pen=pg.mkPen(_RANGE, style=Qt.PenStyle.DashLine))
            for _ in range(2)
        ]
        self._range.setZValue(-10)
        for item in (self._range, *self._limits, self._line):
            self.plot.addItem(item, ignoreBounds=True)

    def build(self) -> None:
        """Measure all bones."""
        self._bones = BoneCurves.of(
            self.session.poses, self.session.skeleton, self.session.seed_frames
        )
        self._curve = None
        self._choose_for_selection()

    def follow(self, rows: tuple[int, ...]) -> None:
        """Measure some frames again."""
        assert self._bones is not None
        edge, where = self.chooser.currentIndex(), list(rows)
        before = self._bones.outside(edge, _SLACK, where)
        self._bones.update(self.session.poses, where)
        self._outside += self._bones.outside(edge, _SLACK, where) - before
        if self._curve is not None:
            self._curve.patch(where, self._bones.lengths[where, edge])

    def selected(self) -> None:
        """Choose a bone of the selected keypoint, unless one is shown already."""
        if self._built:
            self._choose_for_selection()
            self.redraw_soon()

    def _choose_for_selection(self) -> None:
        assert self._bones is not None
        own = self._bones.of_keypoint(self.session.selection.keypoint)
        if own and self.chooser.currentIndex() not in own:
            outside = {edge: self._bones.outside(edge, _SLACK) for edge in own}
            self.chooser.setCurrentIndex(max(own, key=lambda edge: (outside[edge], -edge)))
            self._curve = None

    def _choose(self) -> None:
        self._curve = None
        self.redraw_soon()

    def draw(self) -> None:
        """Draw the seen part."""
        assert self._bones is not None
        edge = self.chooser.currentIndex()
        if edge < 0:
            self.sentence.setText("The skeleton has no edges, so there are no lengths to show.")
            return
        if self._curve is None:
            self._curve = Curve(self._bones.lengths[:, edge])
            self._outside = self._bones.outside(edge, _SLACK)
        self.plot.draw(self._line, self._curve, logarithmic=False)
        stretches = self._stretches(edge)
        self.plot.marks.show_stretches(stretches)
        low, high = self._bones.reference.low[edge], self._bones.reference.high[edge]
        self._show_range(low, high)
        self._set_words(stretches, low, high)

    def _stretches(self, edge: int) -> Stretches:
        flags = self.session.flags
        return Stretches.of(np.zeros(0, np.int64)) if flags is None else bone_stretches(flags, edge)

    def _show_range(self, low: float, high: float) -> None:
        assert self._curve is not None
        known = bool(np.isfinite(low))
        self._range.setVisible(known)
        top = self._curve.highest
        if known:
            self._range.setRegion((low, high))
            top = np.fmax(top, (1 + _SLACK) * high)
        for limit, value in zip(self._limits, ((1 - _SLACK) * low, (1 + _SLACK) * high),
                                strict=True):  # fmt: skip
            limit.setVisible(known)
            limit.setValue(value if known else 0.0)
        self.plot.setYRange(0, 1.08 * top if np.isfinite(top) else 1.0, padding=0)

    def _set_words(self, stretches: Stretches, low: float, high: float) -> None:
        unit = self.session.project.config.unit
        self.header.setText(legend(
            (HUES[1], "━", "length"), (_RANGE, "█", "range in the seed frames"),
            (_RANGE, "╌", "30 % beyond it"), (MARK, "▨", "flagged"),
        ))  # fmt: skip
        if not np.isfinite(low):
            words = "No seed frame shows this bone, so there is no range to compare with."
        else:
            seeds = f"{low:.3g} to {high:.3g} {unit} long in the seed frames"
            beyond = (
                "never"
                if not self._outside
                else f"in {self._outside} of {self.session.n_frames} frames"
            )
            words = f"{seeds}; {beyond} more than 30 % beyond that"
            words += f", flagged in {stretches.frames}." if len(stretches) else "."
            words = words[0].upper() + words[1:]
        self._rest = words
        self.sentence.setText(words)

    def say_under_mouse(self, frame: int) -> None:
        """Say the length in a frame."""
        if self._curve is None:
            return
        if frame < 0:
            self.sentence.setText(self._rest)
            return
        length = self._curve.values[frame]
        unit = self.session.project.config.unit
        words = f"{length:.3g} {unit}" if np.isfinite(length) else "unknown, an end has no 3D point"
        self.sentence.setText(f"{self.time_of(frame)}: {words}")
