"""What the panels of the dock share: distances, colours of napari's theme, small widgets."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.palette import WARNING

GAP = 6
"""Pixels between parts that belong together."""

MARGIN = 8
"""Pixels between a part and its edge."""

ROW = 19
"""Height of a row of a list, pixels."""

BUTTON = 25
"""Height of a button, pixels."""

DOCK_WIDTH = 372
"""Width the dock asks for on a small screen, pixels."""

WIDE_DOCK, WIDE_SCREEN = 440, 1600
"""Width it asks for where the screen is at least so wide: reasons then fit into two lines."""

UNKNOWN = "–"
"""Stands where there is no number."""

_DARK_WARNING = "#8A6D00"
"""The yellow of warnings, dark enough to be read on a light ground."""


@dataclass(frozen=True)
class Colours:
    """Colours of napari's theme that our own painting uses."""

    ground: QColor
    field: QColor
    chosen: QColor
    text: QColor
    faint: QColor
    warning: QColor

    @classmethod
    def of(cls, viewer: Any) -> "Colours":
        """Colours of a viewer's theme; napari's dark theme where it has none."""
        from napari.utils.theme import get_theme

        theme = get_theme(getattr(viewer, "theme", "dark"))
        text = _qcolor(theme.text)
        faint = QColor(text)
        faint.setAlpha(165)
        return cls(
            _qcolor(theme.background), _qcolor(theme.foreground), _qcolor(theme.highlight), text,
            faint, QColor(WARNING if theme.type == "dark" else _DARK_WARNING),
        )  # fmt: skip

    @property
    def is_dark(self) -> bool:
        """Whether writing is bright on dark."""
        return self.ground.lightness() < 128


def _qcolor(colour: Any) -> QColor:
    return QColor(*colour.as_rgb_tuple()[:3])


class Panel(QWidget):
    """A part of the dock: keeps its connections and lets go of them once.

    Parameters
    ----------
    name : str
        Of the Qt object, for tests and style sheets.
    parent : QWidget, optional
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.links = Links()

    def let_go(self) -> None:
        """Disconnect everything; the panel is no longer of use."""
        self.links.cut()


def column(
    parent: QWidget | None = None, gap: int = GAP, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QVBoxLayout:
    """Return a vertical layout with the dock's distances."""
    layout = QVBoxLayout() if parent is None else QVBoxLayout(parent)
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    return layout


def row(*widgets: QWidget, parent: QWidget | None = None, gap: int = GAP) -> QHBoxLayout:
    """Return a horizontal layout of widgets with the dock's distances."""
    layout = QHBoxLayout() if parent is None else QHBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def button(text: str, tip: str, *, checkable: bool = False, name: str = "") -> QPushButton:
    """Return a button that never takes the keyboard away from the views."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    made.setToolTip(tip)
    made.setCheckable(checkable)
    made.setObjectName(name)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    made.setFixedHeight(BUTTON)
    made.setMinimumWidth(20)
    return made


class Sentence(QLabel):
    """Text that wraps and never widens the dock.

    Parameters
    ----------
    text : str
    name : str
        Of the Qt object.
    """

    def __init__(self, text: str = "", name: str = "") -> None:
        super().__init__(text)
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for one line: Qt would ask for the height of the text in its narrowest form."""
        return QSize(10, self.fontMetrics().lineSpacing())


def pixels(error: float) -> str:
    """Write an error: "3.2", "21", a dash where unknown."""
    if error != error:  # noqa: PLR0124 - NaN is not equal to itself
        return UNKNOWN
    return f"{error:.1f}" if error < 10 else f"{error:.0f}"


def ago(created: str, now: datetime | None = None) -> str:
    """Write how long ago something was: "just now", "5 min ago", then the local date and time.

    Parameters
    ----------
    created : str
        ISO 8601.
    now : datetime, optional
    """
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return created
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if 0 <= seconds < 60:
        return "just now"
    if 0 <= seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if 0 <= seconds < 12 * 3600:
        return f"{int(seconds // 3600)} h ago"
    return then.astimezone().strftime("%Y-%m-%d %H:%M")
