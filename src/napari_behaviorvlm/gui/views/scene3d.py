"""The animal of the current frame in 3D: turn it, see it along a camera, pick keypoints."""

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.orbit import Orbit, orbit_along
from napari_behaviorvlm.gui.models.palette import keypoint_looks
from napari_behaviorvlm.gui.models.scene import make_stage, trail
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.views.scene_painter import Pose, SceneOptions, ScenePainter

_DEGREES_A_PIXEL = 0.4
_CLICK = 4
_OPTIONS = (
    ("follow", "Follow the animal"),
    ("names", "Names of all keypoints"),
    ("trails", "Paths of the last second"),
    ("cameras", "Cameras"),
    ("floor", "Floor and shadow"),
    ("uncertainty", "Uncertainty (2 standard deviations, ten times enlarged)"),
)


class Scene3D(QWidget):
    """3D view with its buttons.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scene3d")
        self.session = session
        self.canvas = SceneCanvas(session, self)
        self._along = QComboBox(self)
        self._along.addItem("See along …")
        self._along.addItems(session.rig.names)
        self._along.setToolTip("See the animal as a camera sees it, upright")
        self._along.activated.connect(self._chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._buttons())
        layout.addWidget(self.canvas, 1)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 4, 4, 0)
        for text, tip, action in (
            ("Animal", "Show the space the animal uses (double click does the same)", "animal"),
            ("All", "Show the cameras too", "whole"),
            ("Above", "Look down on the floor", "above"),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, name=action: self.canvas.look(name))
            row.addWidget(button)
        row.addWidget(self._along)
        row.addStretch(1)
        row.addWidget(self._show_button())
        return row

    def _show_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText("Show")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for name, title in _OPTIONS:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(getattr(self.canvas.options, name))
            action.toggled.connect(lambda on, name=name: self.canvas.set_option(name, on=on))
        button.setMenu(menu)
        return button

    def _chosen(self, index: int) -> None:
        if index > 0:
            self.canvas.look_along(index - 1)
        self._along.setCurrentIndex(0)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Let go of the session."""
        self.canvas.let_go()
        super().closeEvent(event)


class SceneCanvas(QWidget):
    """The picture: left drag turns, right drag shifts, the wheel zooms, clicks choose.

    Nothing is computed while it is hidden; a new frame costs what its trail costs.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.options = SceneOptions()
        self.orbit: Orbit | None = None
        self.painter: ScenePainter | None = None
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._hovered = -1
        self.setMouseTracking(True)
        self.setMinimumSize(220, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.links = Links()
        self.links.add(
            (session.frame_changed, self._redraw),
            (session.selection_changed, self._redraw),
            (session.edited, self._redraw),
            (session.queue_changed, self._redraw),
            (session.reloaded, self._forget_stage),
        )

    def let_go(self) -> None:
        """Disconnect from the session; may be called twice."""
        self.links.cut()

    def _redraw(self) -> None:
        self.update()

    def _forget_stage(self) -> None:
        self.painter = None
        self.update()

    # Where the eye is ------------------------------------------------------------------------

    def ready(self) -> ScenePainter:
        """Painter of this session; made when it is first needed."""
        if self.painter is None:
            session = self.session
            stage = make_stage(session.rig, session.poses.points)
            self.painter = ScenePainter(
                stage, session.skeleton.keypoints, keypoint_looks(session.skeleton),
                session.skeleton.edge_indices, session.project.config.unit,
            )  # fmt: skip
            self.orbit = self.orbit or stage.animal_view
        return self.painter

    def look(self, name: str) -> None:
        """Go to a view: "animal", "whole" (with the cameras) or "above"."""
        stage = self.ready().stage
        views = {"animal": stage.animal_view, "whole": stage.whole_view}
        self.orbit = views.get(name) or stage.animal_view.turned(0, 90)
        self.update()

    def look_along(self, camera: int) -> None:
        """See the scene from a camera's place."""
        stage = self.ready().stage
        self.orbit = orbit_along(self.session.rig.cameras[camera], stage.center, stage.up)
        self.update()

    def set_option(self, name: str, *, on: bool) -> None:
        """Switch one of the `SceneOptions`."""
        setattr(self.options, name, on)
        self.update()

    # Drawing -----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802 - Qt's name
        """Draw the current frame."""
        scene, pose = self.ready(), self._pose()
        assert self.orbit is not None
        if self.options.follow and np.isfinite(pose.points).any():
            self.orbit = self.orbit.onto(np.nanmean(pose.points, axis=0))
        painter = QPainter(self)
        try:
            scene.paint(painter, (self.width(), self.height()), self.orbit, pose, self.options,
                        hovered=self._hovered)  # fmt: skip
        finally:
            painter.end()

    def _pose(self) -> Pose:
        session = self.session
        frame, poses = session.frame, session.poses
        flagged: frozenset[int] = frozenset()
        if session.flags is not None:
            rows = session.flags.rows(frame, frame + 1)
            flagged = frozenset(session.flags.keypoint[rows].tolist())
        points = np.where(np.isfinite(poses.points[frame]), poses.points[frame], np.nan)
        known = int(np.isfinite(points[:, 0]).sum())
        time = f" · {frame / session.fps:.2f} s" if session.fps else ""
        caption = f"frame {frame}{time} · {known} of {len(points)} keypoints in 3D"
        path = trail(poses.points, frame, session.fps)
        return Pose(
            points, poses.covariance[frame], path, flagged, session.selection.keypoint,
            session.selection.camera, caption,
        )  # fmt: skip

    # Mouse ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin a drag or a click."""
        self._pressed = self._last = _place(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Turn or shift; without a button, show the name under the mouse."""
        here = _place(event)
        if self.orbit is None:
            return
        step, self._last = here - self._last, here
        if not event.buttons():
            self._hover(here)
        elif event.buttons() == Qt.MouseButton.LeftButton and not _shifting(event):
            self.orbit = self.orbit.turned(
                _DEGREES_A_PIXEL * step.x(), _DEGREES_A_PIXEL * step.y()
            )  # fmt: skip
            self.update()
        else:
            self.options.follow = False
            self.orbit = self.orbit.moved(step.x(), step.y(), (self.width(), self.height()))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose what was clicked, unless it was a drag."""
        pressed, self._pressed = self._pressed, None
        here = _place(event)
        if pressed is None or (here - pressed).manhattanLength() > _CLICK or self.painter is None:
            return
        camera = self.painter.camera_at(here.x(), here.y())
        keypoint = self.painter.keypoint_at(here.x(), here.y())
        if keypoint >= 0:
            self.session.select(keypoint, self.session.selection.camera)
        elif camera >= 0:
            self.look_along(camera)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        """Back to the animal."""
        self.look("animal")

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom."""
        if self.orbit is not None:
            self.orbit = self.orbit.zoomed(1.0015 ** event.angleDelta().y())
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        """Forget what the mouse was over."""
        self._hover(QPointF(-1e6, -1e6))

    def _hover(self, here: QPointF) -> None:
        if self.painter is None:
            return
        keypoint = self.painter.keypoint_at(here.x(), here.y())
        over_camera = self.painter.camera_at(here.x(), here.y()) >= 0
        hand = keypoint >= 0 or over_camera
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        if keypoint != self._hovered:
            self._hovered = keypoint
            self.update()


def _place(event: QMouseEvent) -> QPointF:
    # Qt 6 calls it position(); Qt 5 has localPos().
    return event.position() if hasattr(event, "position") else QPointF(event.localPos())


def _shifting(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
