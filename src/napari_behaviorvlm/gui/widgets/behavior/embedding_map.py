"""The map of moments: alike ones lie near each other; a lasso chooses their bouts."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.bout_rows import NOTHING
from napari_behaviorvlm.gui.models.cluster_summary import Moments
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import colour

MARGIN, DOT, NEAR = 12, 3.2, 8.0
_GROUND, _INK, _FAINT = QColor("#16191d"), QColor("#e8ebee"), QColor("#59626c")
_FAINT_OPACITY = 0.15
_HINT = "Draw around moments to choose their bouts; click one to go there."


class EmbeddingMap(QWidget):
    """Moments of a recording in the plane, in the colours of what is said of them.

    Parameters
    ----------
    session : BehaviorSession
    moments : Moments or None
        None where nothing was segmented.
    """

    lassoed = Signal(list, bool)
    """Moments inside a lasso, and whether they are to be added to what is chosen."""
    clicked = Signal(int)
    """A moment."""

    def __init__(self, session: BehaviorSession, moments: Moments | None) -> None:
        super().__init__()
        self.setObjectName("embedding_map")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self.setToolTip(_HINT)
        self._session, self.moments = session, moments
        self._picture: QPixmap | None = None
        self._path: list[QPointF] = []

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for a square."""
        return QSize(320, 260)

    def show_moments(self, moments: Moments | None) -> None:
        """Show other moments."""
        self.moments = moments
        self.redraw()

    def redraw(self, *_: object) -> None:
        """Draw anew: names, the selection or the chosen clusters changed."""
        self._picture = None
        self.update()

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw anew."""
        super().resizeEvent(event)
        self.redraw()

    # Places ------------------------------------------------------------------------------------

    def positions(self) -> NDArray[np.float64]:
        """Where moments are drawn, shape (moments, 2)."""
        if self.moments is None:
            return np.zeros((0, 2))
        room = np.array([self.width(), self.height()], float) - 2 * MARGIN
        places = self.moments.places.astype(float)
        return np.asarray(MARGIN + np.stack([places[:, 0], 1 - places[:, 1]], axis=1) * room)

    def nearest(self, at: QPointF) -> int | None:
        """Moment under a place."""
        positions = self.positions()
        if not len(positions):
            return None
        away = np.hypot(*(positions - (at.x(), at.y())).T)
        found = int(away.argmin())
        return found if away[found] <= NEAR else None

    # Drawing -----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the moments if something changed, and what is going on over them."""
        if self._picture is None:
            self._picture = self._draw()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_now(painter)
        if len(self._path) > 1:
            painter.setPen(QPen(QColor("white"), 1.5, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF(self._path))
        painter.end()

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(_GROUND)
        painter = QPainter(picture)
        if self.moments is None:
            painter.setPen(_INK)
            painter.drawText(
                QRectF(self.rect()), int(Qt.AlignmentFlag.AlignCenter), "Nothing was segmented yet."
            )
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            self._dots(painter, self.moments)
        painter.end()
        return picture

    def _dots(self, painter: QPainter, moments: Moments) -> None:
        session = self._session
        looks, stand_out = moments.looks(session), self._standing_out(moments)
        positions = self.positions()
        for strong in (False, True):
            painter.setOpacity(1.0 if strong else _FAINT_OPACITY)
            for moment in np.flatnonzero(stand_out == strong):
                look = int(looks[moment])
                painter.setBrush(_FAINT if look == NOTHING else colour(look))
                painter.drawEllipse(QPointF(*positions[moment]), DOT, DOT)
        painter.setOpacity(1.0)

    def _standing_out(self, moments: Moments) -> NDArray[np.bool_]:
        """Moments of the chosen bouts, else of the chosen clusters, else all."""
        session = self._session
        if session.selection:
            found = np.zeros(len(moments), bool)
            for bout in session.selected:
                at = session.row_of(bout.animal)
                found |= (
                    (moments.animal == at) & (moments.frame >= bout.start_frame)
                    & (moments.frame <= bout.end_frame)
                )  # fmt: skip
            if len(session.selection) > 1 or not session.clusters:
                return found
        if session.clusters:
            return np.isin(moments.cluster, list(session.clusters))
        return np.ones(len(moments), bool)

    def _draw_now(self, painter: QPainter) -> None:
        """Ring around each animal's moment that is nearest to the current frame."""
        if self.moments is None:
            return
        positions = self.positions()
        painter.setPen(QPen(QColor("white"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for at in range(len(self._session.animals)):
            mine = np.flatnonzero(self.moments.animal == at)
            if not len(mine):
                continue
            away = np.abs(self.moments.frame[mine] - self._session.frame)
            if away.min() <= self._session.fps:
                place = positions[mine[int(away.argmin())]]
                painter.drawEllipse(QPointF(*place), DOT + 3, DOT + 3)

    # The mouse ---------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Begin a lasso."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._path = [QPointF(event.pos())]

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go on with it."""
        if self._path and event is not None:
            self._path.append(QPointF(event.pos()))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End it: what lies inside is chosen; a click goes to a moment."""
        path, self._path = self._path, []
        self.update()
        if not path or event is None:
            return
        polygon = QPolygonF(path)
        size = polygon.boundingRect()
        if max(size.width(), size.height()) < NEAR:
            moment = self.nearest(path[0])
            if moment is not None:
                self.clicked.emit(moment)
            return
        add = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.lassoed.emit(self.inside(polygon), add)

    def inside(self, polygon: QPolygonF) -> list[int]:
        """Moments inside a polygon."""
        box = polygon.boundingRect()
        positions = self.positions()
        near = np.flatnonzero(
            (positions[:, 0] >= box.left()) & (positions[:, 0] <= box.right())
            & (positions[:, 1] >= box.top()) & (positions[:, 1] <= box.bottom())
        )  # fmt: skip
        rule = Qt.FillRule.OddEvenFill
        return [int(at) for at in near if polygon.containsPoint(QPointF(*positions[at]), rule)]
