"""The timeline: a row of named bouts per animal, over all of a recording or a part of it."""

from qtpy.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_behaviorvlm.core.bout_edits import MoveEdge
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.time_window import TimeWindow
from napari_behaviorvlm.gui.widgets.behavior.timeline_mouse import Drag, Held, between, place_of
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import (
    CLIPS,
    EVENTS,
    GAP,
    GROUND,
    GUTTER,
    RULER,
    TimelinePainter,
    map_height,
    row_places,
)
from napari_behaviorvlm.gui.widgets.behavior.words import describe, describe_clip
from napari_behaviorvlm.gui.widgets.style import Panel

GRAB = 5
"""Pixels to each side of an edge within which it can be dragged."""

MARGIN = 8
_ZOOM = 0.8
_LINE = QColor("#ffffff")


class Timeline(Panel):
    """Rows, ruler and overview; the mouse goes to frames, chooses bouts and drags their edges.

    Parameters
    ----------
    session : BehaviorSession
    """

    menu_wanted = Signal(object)
    """Global position of a right click; the bout under it is chosen before."""
    rename_wanted = Signal()

    def __init__(self, session: BehaviorSession, parent: QWidget | None = None) -> None:
        super().__init__("timeline", parent)
        self.session = session
        self.show_clips = True
        self.window_ = TimeWindow.whole(session.n_frames, GUTTER, 100)
        self._painter = TimelinePainter(session)
        self._picture: QPixmap | None = None
        self._held: Held | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.links.add(
            (session.frame_changed, self._frame_changed),
            (session.selection_changed, self._selection_changed),
            (session.edited, self._redraw),
            (session.filtered, self._redraw),
            (session.reworded, self._redraw),
            (session.clusters_chosen, self._redraw),
            (session.reloaded, self._reloaded),
        )

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for as much height as the animals need."""
        n = len(self.session.animals)
        return QSize(600, RULER + n * (EVENTS + CLIPS + GAP) + GAP + map_height(n))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for thin rows at least."""
        n = len(self.session.animals)
        return QSize(300, RULER + n * (15 + CLIPS + GAP) + GAP + map_height(n))

    # What is seen ------------------------------------------------------------------------------

    def zoom(self, factor: float, x: float | None = None) -> None:
        """See `factor` times as many frames, around the current frame by default."""
        at = self.window_.x(self.session.frame) if x is None else x
        self._see(self.window_.zoomed(factor, at))

    def see_all(self) -> None:
        """See the whole recording."""
        self._see(TimeWindow.whole(self.session.n_frames, GUTTER, self._room))

    def see(self, start: int, end: int) -> None:
        """Bring a stretch into view."""
        self._see(self.window_.showing(start, end))

    def switch_clips(self, *, on: bool) -> None:
        """Show the clips that bouts were made from, or not."""
        self.show_clips = on
        self._redraw()

    @property
    def _room(self) -> float:
        return max(self.width() - GUTTER - MARGIN, 50)

    def _see(self, window: TimeWindow) -> None:
        if window != self.window_:
            self.window_ = window
            self._redraw()

    def _redraw(self, *_: object) -> None:
        self._picture = None
        self.update()

    def _reloaded(self) -> None:
        if self.window_.n_frames != self.session.n_frames:
            self.window_ = TimeWindow.whole(self.session.n_frames, GUTTER, self._room)
        self.updateGeometry()
        self._redraw()

    def _frame_changed(self, frame: int) -> None:
        if self._held is None:
            window = self.window_.showing(frame, frame)
            if window != self.window_:
                self._see(window)
                return
        self.update()

    def _selection_changed(self, *_: object) -> None:
        bout = self.session.current
        if bout is not None and self._held is None:
            self.window_ = self.window_.showing(bout.start_frame, bout.end_frame)
        self._redraw()

    def resizeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Keep the frames that are seen."""
        super().resizeEvent(event)
        self.window_ = self.window_.placed(GUTTER, self._room)
        self._redraw()

    # Drawing -----------------------------------------------------------------------------------

    @property
    def _map(self) -> QRectF:
        height = map_height(len(self.session.animals))
        return QRectF(GUTTER, self.height() - height, self._room, height)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the rows if something changed, else only the line of the current frame."""
        if self._picture is None:
            self._picture = self._draw_picture()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        self._draw_line(painter)
        self._draw_held(painter)
        painter.end()

    def _draw_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(GROUND)
        painter = QPainter(picture)
        self._painter.ruler(painter, self.window_)
        self._painter.rows(painter, self.window_, self._places())
        self._painter.overview(painter, self.window_, self._map)
        painter.end()
        return picture

    def _places(self) -> list:
        return row_places(len(self.session.animals), self.height(), clips=self.show_clips)

    def _draw_line(self, painter: QPainter) -> None:
        """Mark the current frame in the rows and in the overview."""
        x = round(self.window_.x(self.session.frame))
        below = self._map
        if GUTTER <= x <= GUTTER + self._room:
            painter.setPen(QPen(QColor(0, 0, 0, 160), 3))
            painter.drawLine(x, RULER - 8, x, int(below.top()) - 3)
            painter.setPen(QPen(_LINE, 1))
            painter.drawLine(x, RULER - 8, x, int(below.top()) - 3)
        whole = TimeWindow.whole(self.session.n_frames, GUTTER, self._room)
        x = round(whole.x(self.session.frame))
        painter.setPen(QPen(_LINE, 1))
        painter.drawLine(x, int(below.top()), x, int(below.bottom()))

    def _draw_held(self, painter: QPainter) -> None:
        held = self._held
        if held is None or held.bout is None or held.frame < 0:
            return
        place = self._places()[self.session.row_of(held.bout.animal)]
        start, end = held.bout.start_frame, held.bout.end_frame
        start, end = (held.frame, end) if held.edge == "start" else (start, held.frame)
        left, right = self.window_.edges(min(start, end), max(start, end))
        self._painter.outline(painter, QRectF(left, place.top, right - left, place.events))

    # The mouse ---------------------------------------------------------------------------------

    def animal_at(self, y: float) -> int:
        """Row under a height, -1 between rows."""
        for at, place in enumerate(self._places()):
            if place.top <= y < place.bottom:
                return at
        return -1

    def bout_under(self, x: float, y: float) -> Bout | None:
        """Bout at a place."""
        at = self.animal_at(y)
        if at < 0 or x < GUTTER:
            return None
        return self.session.bout_at(at, self.window_.frame(x))

    def edge_under(self, x: float, y: float) -> tuple[Bout, str] | None:
        """Bout whose edge can be dragged at a place, and which edge; chosen bouts come first."""
        at = self.animal_at(y)
        if at < 0 or y > self._places()[at].top + self._places()[at].events:
            return None
        near = self.session.events[at].seen(
            self.window_.frame(x - GRAB) - 1, self.window_.frame(x + GRAB) + 1
        )
        bouts = self.session.events[at].bouts[near]
        found = []
        for bout in bouts[:8]:
            left, right = self.window_.edges(bout.start_frame, bout.end_frame)
            if right - left < 3 * GRAB and bout.id not in self.session.selection:
                continue
            inside = left <= x <= right
            found += [
                (bout.id not in self.session.selection, not inside, abs(x - edge), at, bout, name)
                for at, (edge, name) in enumerate(((left, "start"), (right, "end")))
                if abs(x - edge) <= GRAB
            ]
        if not found:
            return None
        *_, bout, name = min(found, key=lambda each: each[:4])
        return bout, name

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Begin a drag, or choose."""
        at = place_of(event)
        if event.button() == Qt.MouseButton.RightButton:
            self._choose(at, event.modifiers(), keep=True)
            self.menu_wanted.emit(self.mapToGlobal(at.toPoint()))
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._held = Held(Drag.PAN, at.x())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press(at, event.modifiers())

    def _press(self, at: QPointF, modifiers: "Qt.KeyboardModifier") -> None:
        if at.y() >= self._map.top():
            self._held = Held(Drag.MAP, at.x())
            self._go_in_map(at.x())
            return
        edge = self.edge_under(at.x(), at.y())
        if edge is not None:
            self.session.select(edge[0].id)
            self._held = Held(Drag.EDGE, at.x(), *edge)
            return
        self._held = Held(Drag.SCRUB, at.x())
        if at.x() >= GUTTER:
            self.session.go_to(self.window_.frame(at.x()))
        self._choose(at, modifiers)

    def _choose(
        self, at: QPointF, modifiers: "Qt.KeyboardModifier", *, keep: bool = False
    ) -> None:  # fmt: skip
        bout = self.bout_under(at.x(), at.y())
        session = self.session
        if bout is None:
            if self.animal_at(at.y()) >= 0 and not keep:
                session.select()
            return
        if keep and bout.id in session.selection:
            session.select(*(n for n in session.selection if n != bout.id), bout.id)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            rest = [number for number in session.selection if number != bout.id]
            session.select(*rest, *(() if bout.id in session.selection else (bout.id,)))
        elif modifiers & Qt.KeyboardModifier.ShiftModifier and session.current is not None:
            session.select(*between(session, session.current, bout))
        else:
            session.select(bout.id)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go on with a drag, or show what is under the mouse."""
        at, held = place_of(event), self._held
        if held is None:
            on_edge = self.edge_under(at.x(), at.y()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if on_edge else Qt.CursorShape.ArrowCursor)
            return
        if held.kind is Drag.SCRUB and at.x() >= GUTTER:
            self.session.go_to(self.window_.frame(at.x()))
        elif held.kind is Drag.MAP:
            self._go_in_map(at.x())
        elif held.kind is Drag.PAN:
            self._see(self.window_.panned(held.x - at.x()))
            held.x = at.x()
        elif held.kind is Drag.EDGE and (held.frame >= 0 or abs(at.x() - held.x) > 2):
            # Between two frames lies the edge: the end is the frame before it.
            shift = 0.5 * self.window_.scale * (1 if held.edge == "start" else -1)
            held.frame = self.window_.frame(at.x() + shift)
            self.session.go_to(held.frame)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End a drag; an edge that was moved is kept."""
        held, self._held = self._held, None
        if held is None or event is None:
            return
        if held.kind is Drag.EDGE and held.bout is not None:
            old = held.bout.start_frame if held.edge == "start" else held.bout.end_frame
            if held.frame < 0:
                self.session.go_to(old)
            elif held.frame != old:
                self.session.apply(MoveEdge(held.bout.id, held.edge, held.frame))
        self._redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Ask for another name."""
        at = place_of(event)
        if self.bout_under(at.x(), at.y()) is not None:
            self.rename_wanted.emit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom where the mouse is; with Shift, or sideways, move."""
        turned = event.angleDelta()
        sideways = event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(turned.x()) > abs(
            turned.y()
        )
        if sideways:
            self._see(self.window_.panned(-(turned.x() or turned.y())))
        else:
            self.zoom(_ZOOM ** (turned.y() / 120), event.position().x())
        event.accept()

    def _go_in_map(self, x: float) -> None:
        whole = TimeWindow.whole(self.session.n_frames, GUTTER, self._room)
        self.session.go_to(whole.frame(x))

    # What is under the mouse -------------------------------------------------------------------

    def event(self, event: QEvent | None) -> bool:
        """Answer when the mouse rests."""
        if event is not None and event.type() == QEvent.Type.ToolTip:
            words = self.words_at(event.pos())
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        return bool(super().event(event))

    def words_at(self, at: QPoint) -> str:
        """Describe what stands at a place, or say that there is nothing."""
        row = self.animal_at(at.y())
        if row < 0 or at.x() < GUTTER:
            return ""
        session, frame = self.session, self.window_.frame(at.x())
        place = self._places()[row]
        if at.y() > place.top + place.events:
            clip = session.clip_at(row, frame)
            return "" if clip is None else describe_clip(clip, session.fps)
        bout = session.told_at(row, frame)
        if bout is not None:
            return describe(bout, session.fps)
        if session.unseen[row].at(frame):
            return f"{session.animals[row]} is not seen here."
        return "Not labelled."
