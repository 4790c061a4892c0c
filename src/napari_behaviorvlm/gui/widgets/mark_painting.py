"""The marks of the views, painted small for lists and the legend."""

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.models.palette import FORMS, WARNING, Form, KeypointLook, Shape

NO_PLACE = {Status.REJECTED, Status.OUT_OF_VIEW}
"""Statuses that claim that there is nothing to see."""


def outline(shape: Shape, middle: QPointF, radius: float) -> QPainterPath:
    """Return the outline of a mark."""
    path = QPainterPath()
    if shape is Shape.LEFT:
        path.addEllipse(middle, radius, radius)
    elif shape is Shape.RIGHT:
        half = radius * 0.88
        path.addRect(QRectF(middle.x() - half, middle.y() - half, 2 * half, 2 * half))
    else:
        reach = radius * 1.2
        path.moveTo(middle.x(), middle.y() - reach)
        for x, y in ((reach, 0), (0, reach), (-reach, 0)):
            path.lineTo(middle.x() + x, middle.y() + y)
        path.closeSubpath()
    return path


def paint_mark(  # noqa: PLR0917 - a picture, a place and three things about the mark
    painter: QPainter, look: KeypointLook, form: Form, middle: QPointF, radius: float, rim: QColor
) -> None:
    """Paint a label's mark: open, filled, filled with a rim, or crossed.

    ``rim`` is the colour of writing there, by which bright and dark grounds are told apart.
    """
    path, colour = outline(look.shape, middle, radius), QColor(look.colour)
    on_bright = rim.lightness() < 128
    if form in {Form.FILLED, Form.RIMMED}:
        painter.fillPath(path, QBrush(colour))
    if on_bright:  # pale colours need an edge, and writing is dark there
        colour = colour.darker(190)
    pen = QPen(rim if form is Form.RIMMED else colour, 1.6)
    painter.strokePath(path, pen)
    if form is Form.CROSSED:
        _cross(painter, middle, radius, pen)


def paint_cell(  # noqa: PLR0917 - as `paint_mark`
    painter: QPainter, look: KeypointLook, status: Status, middle: QPointF, radius: float,
    text: QColor,
) -> None:  # fmt: skip
    """Paint the status of a keypoint in a view: its mark, a dash, or a dot for nothing known."""
    if status in FORMS:
        paint_mark(painter, look, FORMS[status], middle, radius, text)
        return
    painter.setPen(QPen(text, 1.6))
    if status in NO_PLACE:
        painter.drawLine(middle - QPointF(radius * 0.7, 0), middle + QPointF(radius * 0.7, 0))
    else:
        painter.drawPoint(middle)


def paint_flag(painter: QPainter, middle: QPointF, radius: float) -> None:
    """Paint the yellow and black double ring of a flag around a mark."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for width, colour in ((3.2, QColor("black")), (1.6, QColor(WARNING))):
        painter.setPen(QPen(colour, width))
        painter.drawRoundedRect(
            QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius), 3, 3
        )


def mark_pixmap(
    look: KeypointLook, form: Form, size: int, rim: QColor, *, flagged: bool = False
) -> QPixmap:
    """Return a picture of a mark, for labels and icons."""
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = QPointF(size / 2, size / 2)
    if flagged:
        paint_flag(painter, middle, size / 2 - 2)
    paint_mark(painter, look, form, middle, size * (0.22 if flagged else 0.3), rim)
    painter.end()
    return picture


def _cross(painter: QPainter, middle: QPointF, radius: float, pen: QPen) -> None:
    reach = radius * 0.6
    painter.setPen(pen)
    for sign in (1, -1):
        painter.drawLine(
            QPointF(middle.x() - reach, middle.y() - sign * reach),
            QPointF(middle.x() + reach, middle.y() + sign * reach),
        )
