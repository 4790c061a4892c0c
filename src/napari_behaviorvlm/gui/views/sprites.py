"""The small pictures that marks are made of, drawn once with Qt into one image.

In this image red is where a mark's own colour goes and green is white; the rest is dark. So one
sprite serves all colours, and every sprite brings its own dark edge to be seen on bright fur.
"""

import math
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from napari_behaviorvlm.gui.models.palette import Form, Shape
from napari_behaviorvlm.gui.views.sprite_visual import Sprites

TINT, WHITE, DARK = QColor(255, 0, 0), QColor(0, 255, 0), QColor(0, 0, 0, 170)

DOT, HOVER, CROSS, PROPOSAL, FLAG, CHOSEN, SELECTED = (
    "dot", "hover", "cross", "proposal", "flag", "chosen", "selected",
)  # fmt: skip

RADIUS = 6.5
"""Of the ring around a dot, screen pixels."""

LABEL_RADIUS = 7.0

_WIDTH = 1024
_FONT = 11.5
_GAP = 2


class SpriteAtlas:
    """All sprites in one image; writing is added when it is first needed.

    Parameters
    ----------
    ratio : float
        Device pixels per screen pixel.
    """

    def __init__(self, ratio: float = 1.0) -> None:
        self.ratio = ratio
        self._font = QFont()
        self._font.setPixelSize(max(round(_FONT * ratio), 6))
        self._font.setWeight(QFont.Weight.DemiBold)
        self._metrics = QFontMetricsF(self._font)
        self._image = np.zeros((256, _WIDTH, 4), np.uint8)
        self._boxes: list[tuple[float, float, float, float]] = []
        self._names: dict[str, int] = {}
        self._shelf, self._left, self._height = _GAP, _GAP, 0
        self._revision = 0
        self._made: Sprites | None = None
        for name, (radius, draw) in _icons().items():
            self._add_icon(name, radius, draw)
        self.texts([str(number) for number in range(1, 61)])

    def icon(self, name: str) -> int:
        """Index of an icon."""
        return self._names[name]

    def label(self, shape: Shape, form: Form) -> int:
        """Index of a label's mark."""
        return self._names[f"{shape}/{form}"]

    def texts(self, words: Iterable[str]) -> NDArray[np.intp]:
        """Find written words, which are drawn now if they are new."""
        return np.array([self._text(word) for word in words], np.intp)

    @property
    def sprites(self) -> Sprites:
        """The image as it is now."""
        if self._made is None:
            height, width = self._image.shape[:2]
            boxes = np.array(self._boxes, np.float32).reshape(-1, 4)
            sizes = (boxes[:, 2:] - boxes[:, :2]) / self.ratio
            scale = np.array([width, height, width, height], np.float32)
            self._made = Sprites(self._image, boxes / scale, sizes, self.ratio, self._revision)
        return self._made

    def line(self, words: str) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Find the letters of a line that changes often, so that it need not be drawn anew.

        Returns
        -------
        index : ndarray, shape (2 n,)
            The letters' dark edges, then the letters.
        x : ndarray, shape (2 n,)
            Middle of each, screen pixels from the left end of the line.
        """
        edges = [self._text(letter, ink=False) for letter in words]
        inks = [self._text(letter, edge=False) for letter in words]
        ends = [self._metrics.horizontalAdvance(words[:at]) for at in range(len(words) + 1)]
        middles = (np.array(ends[1:]) + ends[:-1]) / 2 / self.ratio
        return np.array(edges + inks, np.intp), np.tile(middles, 2)

    def _text(self, word: str, *, ink: bool = True, edge: bool = True) -> int:
        key = f"text:{word}:{ink}{edge}"
        if key not in self._names:
            margin = 2 * self.ratio
            width = math.ceil(self._metrics.horizontalAdvance(word) + 2 * margin)
            height = math.ceil(self._metrics.ascent() * 0.95 + 2 * margin)
            path = QPainterPath()
            path.addText(QPointF(margin, height - margin - 0.5), self._font, word)

            def draw(painter: QPainter) -> None:
                pen = QPen(QColor(0, 0, 0, 215), 3 * self.ratio)
                pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                if edge:
                    painter.strokePath(path, pen)
                if ink:
                    painter.fillPath(path, QBrush(TINT))

            self._add(key, width, height, draw)
        return self._names[key]

    def _add_icon(self, name: str, radius: float, draw: Callable[[QPainter], None]) -> None:
        side = 2 * math.ceil(radius * self.ratio)

        def centred(painter: QPainter) -> None:
            painter.translate(side / 2, side / 2)
            painter.scale(self.ratio, self.ratio)
            draw(painter)

        self._add(name, side, side, centred)

    def _add(self, name: str, width: int, height: int, draw: Callable[[QPainter], None]) -> None:
        width = min(width, _WIDTH - 2 * _GAP)
        if self._left + width + _GAP > _WIDTH:
            self._shelf += self._height + _GAP
            self._left, self._height = _GAP, 0
        while self._shelf + height + _GAP > len(self._image):
            self._image = np.concatenate([self._image, np.zeros_like(self._image)])
        left, top = self._left, self._shelf
        self._image[top : top + height, left : left + width] = paint(width, height, draw)
        self._names[name] = len(self._boxes)
        self._boxes.append((left, top, left + width, top + height))
        self._left += width + _GAP
        self._height = max(self._height, height)
        self._revision += 1
        self._made = None


def paint(width: int, height: int, draw: Callable[[QPainter], None]) -> NDArray[np.uint8]:
    """Draw with Qt into an array, shape (height, width, 4), premultiplied."""
    image = QImage(width, height, QImage.Format.Format_RGBA8888_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter)
    painter.end()
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : 4 * width].reshape(height, width, 4).copy()


def _stroke(
    painter: QPainter, path: QPainterPath, width: float, colour: QColor = TINT, edge: float = 1.2
) -> None:
    """Draw a line with a dark edge on both sides."""
    for pen in (QPen(DARK, width + 2 * edge), QPen(colour, width)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, pen)


def _ring(radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), radius, radius)
    return path


def _outline(shape: Shape, radius: float) -> QPainterPath:
    path = QPainterPath()
    if shape is Shape.LEFT:
        return _ring(radius)
    if shape is Shape.RIGHT:
        side = 0.86 * radius
        path.addRect(QRectF(-side, -side, 2 * side, 2 * side))
        return path
    reach = 1.18 * radius
    path.moveTo(0, -reach)
    for x, y in ((reach, 0), (0, reach), (-reach, 0)):
        path.lineTo(x, y)
    path.closeSubpath()
    return path


def _diagonals(reach: float, gap: float = 0.0) -> QPainterPath:
    path = QPainterPath()
    for x, y in product((-1, 1), repeat=2):
        path.moveTo(x * gap, y * gap)
        path.lineTo(x * reach, y * reach)
    return path


def _corners(reach: float, length: float) -> QPainterPath:
    path = QPainterPath()
    for x, y in product((-1, 1), repeat=2):
        path.moveTo(x * reach, y * (reach - length))
        path.lineTo(x * reach, y * reach)
        path.lineTo(x * (reach - length), y * reach)
    return path


def _fill(painter: QPainter, path: QPainterPath) -> None:
    """Fill a shape, but leave a hole through which the dot is seen."""
    painter.fillPath(path.subtracted(_ring(2.2)), QBrush(TINT))


def _label(shape: Shape, form: Form) -> Callable[[QPainter], None]:
    path = _outline(shape, LABEL_RADIUS - 0.5)

    def draw(painter: QPainter) -> None:
        if form is Form.OPEN:
            _stroke(painter, path, 2.0)
        elif form is Form.FILLED:
            _stroke(painter, path, 1.0)
            _fill(painter, path)
        elif form is Form.RIMMED:
            _stroke(painter, _outline(shape, LABEL_RADIUS + 0.5), 2.0, WHITE)
            _fill(painter, _outline(shape, LABEL_RADIUS - 0.7))
        else:
            _stroke(painter, path, 1.4)
            _stroke(painter, _diagonals(4.2), 1.6, edge=0.8)

    return draw


def _flag(painter: QPainter) -> None:
    for radius, width, colour in (
        (12.0, 6.6, QColor(0, 0, 0)), (13.6, 1.9, TINT), (10.4, 1.9, TINT),
    ):  # fmt: skip
        painter.strokePath(_ring(radius), QPen(colour, width))


def _dashed(painter: QPainter) -> None:
    for pen in (QPen(DARK, 4.4), QPen(TINT, 2.2)):
        pen.setDashPattern([2.6 * 2.2 / pen.widthF(), 2.0 * 2.2 / pen.widthF()])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.strokePath(_ring(9.0), pen)


def _icons() -> dict[str, tuple[float, Callable[[QPainter], None]]]:
    """Return radius and drawing of every icon."""
    icons: dict[str, tuple[float, Callable[[QPainter], None]]] = {
        DOT: (9, lambda p: _stroke(p, _ring(RADIUS), 1.3, edge=1.1)),
        HOVER: (14, lambda p: _stroke(p, _ring(10.5), 2.4)),
        CROSS: (7, lambda p: _stroke(p, _diagonals(4.4, 1.2), 1.3, edge=0.9)),
        PROPOSAL: (13, _dashed),
        FLAG: (17, _flag),
        SELECTED: (18, lambda p: _stroke(p, _corners(14.5, 5.5), 2.0, edge=1.4)),
        CHOSEN: (18, lambda p: _stroke(p, _corners(14.5, 10.0), 2.6, edge=1.6)),
    }
    for shape, form in product(Shape, Form):
        icons[f"{shape}/{form}"] = (12, _label(shape, form))
    return icons
