"""Draws the 3D scene with Qt's painter.

A few hundred lines and marks need no OpenGL: painted like any other widget the view may be floated,
dragged and closed without a graphics context that could be lost, and six camera views keep the
graphics card to themselves.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QLineF, QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from napari_behaviorvlm.gui.models.orbit import Orbit
from napari_behaviorvlm.gui.models.palette import WARNING, KeypointLook, Shape
from napari_behaviorvlm.gui.models.scene import Stage, ellipses

FloatArray = NDArray[np.float64]

BACKGROUND = QColor("#16191d")
INK = QColor("#e8ebee")
FAINT = QColor(232, 235, 238, 150)
CAMERA = QColor("#8fb8dd")
BONE = QColor("#c3c9d0")
UNCERTAINTY_SIGMAS = 20.0
"""Ellipsoids of two standard deviations would be smaller than the marks: drawn ten times larger."""
_FADES = (0.12, 0.28, 0.5, 0.8)


@dataclass
class SceneOptions:
    """What is drawn beside the animal."""

    names: bool = False
    trails: bool = True
    cameras: bool = True
    floor: bool = True
    uncertainty: bool = False
    follow: bool = False


@dataclass(frozen=True, eq=False)
class Pose:
    """The animal in one frame.

    Parameters
    ----------
    points : ndarray, shape (K, 3)
    covariance : ndarray, shape (K, 3, 3)
    trail : ndarray, shape (T, K, 3)
    flagged : set of int
        Keypoints that are in doubt here.
    selected : int
        Keypoint that commands are about.
    camera : int
        View that commands are about, -1 for none.
    caption : str
    """

    points: FloatArray
    covariance: FloatArray
    trail: FloatArray
    flagged: frozenset[int]
    selected: int
    camera: int
    caption: str


@dataclass(eq=False)
class ScenePainter:
    """Draws a stage and a pose, and remembers where things lie for the mouse.

    Parameters
    ----------
    stage : Stage
    names : tuple of str
        Keypoints.
    looks : tuple of KeypointLook
    edges : list of (int, int)
    unit : str
        Of the calibration.
    """

    stage: Stage
    names: tuple[str, ...]
    looks: tuple[KeypointLook, ...]
    edges: list[tuple[int, int]]
    unit: str
    _colours: list[QColor] = field(init=False)
    _marks: FloatArray = field(init=False)
    _signs: list[QRectF] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._colours = [QColor(look.colour) for look in self.looks]
        self._marks = np.full((len(self.names), 2), np.nan)

    def paint(
        self, painter: QPainter, size: tuple[int, int], orbit: Orbit, pose: Pose,
        options: SceneOptions, *, hovered: int = -1,
    ) -> None:  # fmt: skip
        """Draw everything; ``hovered`` is a keypoint whose name is shown."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(0, 0, *size, BACKGROUND)
        self._marks, depth = orbit.project(pose.points, size)
        if options.floor:
            self._floor(painter, orbit, size, pose)
        self._signs = []
        if options.cameras:
            self._cameras(painter, orbit, size, pose.camera)
        if options.trails:
            self._trails(painter, orbit.project(pose.trail, size)[0])
        if options.uncertainty:
            self._uncertainty(painter, orbit, size, pose)
        self._skeleton(painter, depth, pose)
        named = range(len(self.names)) if options.names else {pose.selected, hovered} - {-1}
        self._labels(painter, named, pose.selected)
        self._caption(painter, size, orbit, pose.caption)

    def keypoint_at(self, x: float, y: float, within: float = 9.0) -> int:
        """Keypoint drawn at a pixel, -1 if none."""
        away = np.hypot(*(self._marks - (x, y)).T)
        away[np.isnan(away)] = np.inf
        nearest = int(away.argmin()) if len(away) else -1
        return nearest if nearest >= 0 and away[nearest] <= within else -1

    def camera_at(self, x: float, y: float) -> int:
        """Camera whose name stands at a pixel, -1 if none."""
        return next((at for at, box in enumerate(self._signs) if box.contains(x, y)), -1)

    def _floor(
        self, painter: QPainter, orbit: Orbit, size: tuple[int, int], pose: Pose
    ) -> None:  # fmt: skip
        corners = orbit.project(self.stage.floor, size)[0]
        if np.isfinite(corners).all():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(255, 255, 255, 16))
            painter.drawPolygon(_polygon(corners))
        painter.setPen(QPen(QColor(255, 255, 255, 38), 1))
        painter.drawLines(_lines(orbit.project(self.stage.grid, size)[0]))
        up = self.stage.up
        height = (pose.points - self.stage.floor[0]) @ up
        shadow = orbit.project(pose.points - height[:, None] * up, size)[0]
        painter.setPen(QPen(QColor(0, 0, 0, 150), 4, cap=Qt.PenCapStyle.RoundCap))
        painter.drawLines(_lines(np.array([shadow[list(edge)] for edge in self.edges])))

    def _cameras(
        self, painter: QPainter, orbit: Orbit, size: tuple[int, int], chosen: int
    ) -> None:  # fmt: skip
        pyramids = [np.vstack([camera.center, camera.corners]) for camera in self.stage.cameras]
        placed = orbit.project(np.array(pyramids), size)[0]
        for at, (camera, (tip, *corners)) in enumerate(
            zip(self.stage.cameras, placed, strict=True)
        ):
            lines = [[a, b] for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
            lines += [[tip, corner] for corner in corners]
            colour = QColor(WARNING) if at == chosen else CAMERA
            painter.setPen(QPen(colour, 2.2 if at == chosen else 1.3))
            painter.drawLines(_lines(np.array(lines)))
            self._signs.append(_sign(painter, camera.name, tip, size, colour))

    def _trails(self, painter: QPainter, paths: FloatArray) -> None:
        """Draw paths that fade towards the past, in a few steps."""
        bounds = np.linspace(0, len(paths) - 1, len(_FADES) + 1).round().astype(int)
        for keypoint, colour in enumerate(self._colours):
            path = paths[:, keypoint]
            for fade, start, stop in zip(_FADES, bounds[:-1], bounds[1:], strict=True):
                if stop > start:
                    faint = QColor(colour)
                    faint.setAlphaF(fade)
                    painter.setPen(QPen(faint, 1.6))
                    painter.drawLines(
                        _lines(np.stack([path[start:stop], path[start + 1 : stop + 1]], axis=1))
                    )

    def _uncertainty(
        self, painter: QPainter, orbit: Orbit, size: tuple[int, int], pose: Pose
    ) -> None:  # fmt: skip
        outlines = ellipses(orbit, size, pose.points, pose.covariance, UNCERTAINTY_SIGMAS)
        for colour, outline in zip(self._colours, outlines, strict=True):
            if np.isfinite(outline).all():
                faint = QColor(colour)
                faint.setAlpha(70)
                painter.setPen(QPen(colour, 1))
                painter.setBrush(faint)
                painter.drawPolygon(_polygon(outline))

    def _skeleton(self, painter: QPainter, depth: FloatArray, pose: Pose) -> None:
        """Draw bones and marks, far ones first."""
        parts = [(float(depth[list(edge)].mean()) + 1e-6, -1, edge) for edge in self.edges]
        parts += [(float(depth[at]), at, (at, at)) for at in range(len(self.names))]
        for _, keypoint, (a, b) in sorted(part for part in parts if np.isfinite(part[0])):
            if keypoint < 0:
                painter.setPen(QPen(BONE, 2.5, cap=Qt.PenCapStyle.RoundCap))
                painter.drawLines(_lines(self._marks[[[a, b]]]))
        for _, keypoint, _ in sorted((part for part in parts if part[1] >= 0), reverse=True):
            if np.isfinite(self._marks[keypoint]).all():
                self._mark(painter, keypoint, pose)

    def _mark(self, painter: QPainter, keypoint: int, pose: Pose) -> None:
        at = QPointF(*self._marks[keypoint])
        radius = 7.0 if keypoint == pose.selected else 5.0
        if keypoint in pose.flagged:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((QColor(0, 0, 0), 5), (QColor(WARNING), 2)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(at, radius + 5, radius + 5)
        chosen = keypoint == pose.selected
        painter.setPen(QPen(INK if chosen else QColor(0, 0, 0), 2.2 if chosen else 1.2))
        painter.setBrush(QBrush(self._colours[keypoint]))
        _draw_shape(painter, self.looks[keypoint].shape, at, radius)

    def _labels(self, painter: QPainter, named: "range | set[int]", selected: int) -> None:
        for keypoint in named:
            if np.isfinite(self._marks[keypoint]).all():
                place = self._marks[keypoint] + (11, -9)
                _label(painter, self.names[keypoint], place, INK, bold=keypoint == selected)

    def _caption(
        self, painter: QPainter, size: tuple[int, int], orbit: Orbit, caption: str
    ) -> None:  # fmt: skip
        tile = f"one floor tile is {self.stage.tile:g} {self.unit}"
        painter.setPen(FAINT)
        painter.drawText(QRectF(10, size[1] - 76, size[0] - 90, 70),
                         Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap,
                         f"{caption} · {tile}")  # fmt: skip
        middle = np.array([size[0] - 38.0, size[1] - 38.0])
        for name, axis in zip("xyz", orbit.axes[:2].T, strict=True):
            tip = middle + 22 * axis * (1, -1)
            painter.setPen(QPen(FAINT, 1.5))
            painter.drawLine(QPointF(*middle), QPointF(*tip))
            painter.drawText(_around(middle + 32 * axis * (1, -1)), Qt.AlignmentFlag.AlignCenter,
                             name)  # fmt: skip


def _lines(ends: FloatArray) -> list[QLineF]:
    """Lines of an array (n, 2, 2) of pixels; those with an unknown end are left out."""
    flat = np.asarray(ends, float).reshape(-1, 4)
    return [QLineF(*line) for line in flat[np.isfinite(flat).all(axis=1)].tolist()]


def _polygon(corners: FloatArray) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in corners.tolist()])


def _draw_shape(painter: QPainter, shape: Shape, at: QPointF, radius: float) -> None:
    if shape == Shape.LEFT:
        painter.drawEllipse(at, radius, radius)
    elif shape == Shape.RIGHT:
        side = 0.9 * radius
        painter.drawRect(QRectF(at.x() - side, at.y() - side, 2 * side, 2 * side))
    else:
        reach = 1.2 * radius
        tips = [(0, -reach), (reach, 0), (0, reach), (-reach, 0)]
        painter.drawPolygon(QPolygonF([QPointF(at.x() + x, at.y() + y) for x, y in tips]))


def _around(middle: FloatArray, half: float = 10.0) -> QRectF:
    return QRectF(middle[0] - half, middle[1] - half, 2 * half, 2 * half)


def _sign(
    painter: QPainter, name: str, tip: FloatArray, size: tuple[int, int], colour: QColor
) -> QRectF:
    """Write a camera's name at its tip; return its box, empty where it is out of the picture."""
    inside = np.isfinite(tip).all() and (tip > 0).all() and (tip < size).all()
    return _label(painter, name, tip + np.array([6, -6]), colour) if inside else QRectF()


def _label(
    painter: QPainter, text: str, place: FloatArray, colour: QColor, *, bold: bool = False
) -> QRectF:
    font = QFont(painter.font())
    font.setBold(bold)
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) * (1.12 if bold else 1.0), metrics.height()
    box = QRectF(place[0] - 3, place[1] - height + 2, width + 7, height + 1)
    painter.save()
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(colour)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
    return box
