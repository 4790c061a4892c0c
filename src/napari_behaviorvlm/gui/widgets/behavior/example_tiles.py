"""Clips that play again and again, side by side, the animal in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from qtpy.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

RATE = 10.0
"""Pictures per second."""

GAP, CAPTION = 4, 16
_GROUND, _SLOT = QColor("#16191d"), QColor("#262b31")
_INK, _RIM = QColor("#e8ebee"), QColor("#ffffff")
_SMALLEST, _LARGEST = 80, 190


@dataclass
class Tile:
    """A clip that plays.

    Parameters
    ----------
    clip : int
    caption, words : str
        Below it, and where the mouse rests.
    pictures : list of QPixmap
        In turn; empty while they are read.
    """

    clip: int
    caption: str
    words: str = ""
    pictures: list[QPixmap] = field(default_factory=list)


class ExampleTiles(QWidget):
    """As many tiles as there is room for; they play while they can be seen."""

    clicked = Signal(int)
    """The clip."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("example_tiles")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.tiles: list[Tile] = []
        self.current = -1
        """Clip with a rim."""
        self.nothing = ""
        self._turn = 0
        self._timer = QTimer(self)
        self._timer.setInterval(round(1000 / RATE))
        self._timer.timeout.connect(self._next)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for two rows of three."""
        return QSize(420, 270)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for two at least."""
        return QSize(2 * _SMALLEST, _SMALLEST + CAPTION)

    def show_tiles(self, tiles: Sequence[Tile], nothing: str = "") -> None:
        """Show other clips, or say why there are none."""
        self.tiles, self.nothing = list(tiles), nothing
        self.update()

    def add_pictures(self, clip: int, pictures: list[QPixmap]) -> None:
        """Let a clip play."""
        for tile in self.tiles:
            if tile.clip == clip:
                tile.pictures = pictures
        self.update()

    def mark(self, clip: int) -> None:
        """Put a rim around a clip."""
        if clip != self.current:
            self.current = clip
            self.update()

    # Drawing -----------------------------------------------------------------------------------

    def places(self) -> list[QRectF]:
        """Squares of the tiles that there is room for."""
        if not self.tiles:
            return []
        columns, side = self._grid()
        rows = max(int((self.height() + GAP) // (side + CAPTION + GAP)), 1)
        return [
            QRectF((at % columns) * (side + GAP), (at // columns) * (side + CAPTION + GAP),
                   side, side)
            for at in range(min(len(self.tiles), rows * columns))
        ]  # fmt: skip

    def _grid(self) -> tuple[int, float]:
        """Columns and the side at which all tiles are seen, as large as possible."""
        count, best = len(self.tiles), (1, 0.0)
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            side = min(
                (self.width() - (columns - 1) * GAP) / columns,
                (self.height() - (rows - 1) * GAP) / rows - CAPTION, _LARGEST,
            )  # fmt: skip
            if side > best[1] + 0.5:
                best = (columns, side)
        if best[1] < _SMALLEST:
            return max(int((self.width() + GAP) // (_SMALLEST + GAP)), 1), _SMALLEST
        return best

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the picture whose turn it is in every tile."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        painter.setPen(_INK)
        if not self.tiles:
            painter.drawText(
                QRectF(self.rect()).adjusted(8, 8, -8, -8),
                int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.nothing,
            )  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        metrics = QFontMetrics(self.font())
        for tile, place in zip(self.tiles, self.places(), strict=False):
            if tile.pictures:
                picture = tile.pictures[self._turn % len(tile.pictures)]
                painter.drawPixmap(place, picture, QRectF(picture.rect()))
            else:
                painter.fillRect(place, _SLOT)
            painter.setPen(_INK)
            below = QRectF(place.left(), place.bottom(), place.width(), CAPTION)
            painter.drawText(
                below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                metrics.elidedText(
                    tile.caption, Qt.TextElideMode.ElideRight, int(below.width())
                ),
            )  # fmt: skip
            if tile.clip == self.current:
                painter.setPen(_RIM)
                painter.drawRect(place.adjusted(0, 0, -1, -1))
        painter.end()

    def _next(self) -> None:
        self._turn += 1
        self.update()

    def showEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Play."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Do nothing while nobody looks."""
        super().hideEvent(event)
        self._timer.stop()

    # The mouse ---------------------------------------------------------------------------------

    def tile_at(self, at: QPoint) -> Tile | None:
        """Tile under a place."""
        for tile, place in zip(self.tiles, self.places(), strict=False):
            if place.adjusted(0, 0, 0, CAPTION).contains(QPointF(at)):
                return tile
        return None

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Tell which clip was clicked."""
        tile = None if event is None else self.tile_at(event.pos())
        if tile is not None:
            self.clicked.emit(tile.clip)

    def event(self, event: QEvent | None) -> bool:
        """Answer when the mouse rests."""
        if event is not None and event.type() == QEvent.Type.ToolTip:
            tile = self.tile_at(event.pos())
            QToolTip.showText(event.globalPos(), "" if tile is None else tile.words, self)
            return True
        return bool(super().event(event))
