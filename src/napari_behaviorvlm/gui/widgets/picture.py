"""A picture that came as a file's bytes, as large as there is room."""

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QPixmap, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy


class Picture(QLabel):
    """A picture that fills its place and keeps its shape.

    Parameters
    ----------
    name : str
        Of the Qt object.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._whole = QPixmap()

    def show_bytes(self, data: bytes, part: QRect | None = None) -> None:
        """Show an encoded picture, or a part of it; nothing for empty bytes."""
        self._whole = QPixmap()
        if data:
            self._whole.loadFromData(data)
            if part is not None:
                self._whole = self._whole.copy(part & self._whole.rect())
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for a readable size."""
        return QSize(480, 320)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Fit the picture again."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._whole.isNull():
            self.clear()
            return
        ratio = Qt.AspectRatioMode.KeepAspectRatio
        smooth = Qt.TransformationMode.SmoothTransformation
        self.setPixmap(self._whole.scaled(self.size(), ratio, smooth))
