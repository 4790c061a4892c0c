"""Small parts that the dock's forms share."""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.gui.models.run_steps import Option
from napari_behaviorvlm.gui.models.session import LabellingSession

NEIGHBOURHOOD = 50
"""Frames on either side of the current one that "around this frame" takes."""

ALL, _FROM_TO, AROUND = range(3)


def sentence_label() -> QLabel:
    """Return a label that wraps plain text and lets it be copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def scrolled(widget: QWidget) -> QScrollArea:
    """Return a widget in an area that scrolls up and down where there is too little room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area


def narrow(box: QComboBox) -> None:
    """Let a box be narrower than its longest entry: the dock is."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)


class FrameChoice(QWidget):
    """All frames, from one to another, or those around the frame that is looked at.

    Parameters
    ----------
    session : LabellingSession
    """

    changed = Signal()

    def __init__(self, session: LabellingSession) -> None:
        super().__init__()
        self._session = session
        self.which = QComboBox()
        self.which.addItems(["all", "from ... to", "around this frame"])
        narrow(self.which)
        self.first, self.last = QSpinBox(), QSpinBox()
        self._to = QLabel("to")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.which)
        numbers = QHBoxLayout()
        for part in (self.first, self._to, self.last):
            numbers.addWidget(part, 0 if part is self._to else 1)
        layout.addLayout(numbers)
        for box, value in ((self.first, 0), (self.last, session.n_frames - 1)):
            box.setRange(0, session.n_frames - 1)
            box.setMinimumWidth(64)
            box.setValue(value)
            box.valueChanged.connect(lambda _: self.changed.emit())
        self.which.currentIndexChanged.connect(self._chosen)
        session.frame_changed.connect(self._moved)
        self._chosen()

    def unlink(self) -> None:
        """Listen to the session no longer."""
        self._session.frame_changed.disconnect(self._moved)

    @property
    def span(self) -> FrameSpan:
        """The chosen frames; numbers given the wrong way round are exchanged."""
        if self.which.currentIndex() == ALL:
            return FrameSpan()
        first, last = sorted((self.first.value(), self.last.value()))
        return FrameSpan(first, last + 1)

    def _chosen(self) -> None:
        which = self.which.currentIndex()
        for part in (self.first, self._to, self.last):
            part.setVisible(which != ALL)
        for box in (self.first, self.last):
            box.setReadOnly(which == AROUND)
        self._moved(self._session.frame)
        self.changed.emit()

    def _moved(self, frame: int) -> None:
        if self.which.currentIndex() == AROUND:
            self.first.setValue(max(frame - NEIGHBOURHOOD, 0))
            self.last.setValue(min(frame + NEIGHBOURHOOD, self._session.n_frames - 1))


class OptionForm(QWidget):
    """Asks for whatever the chosen strategy wants to know."""

    def __init__(self) -> None:
        super().__init__()
        self._form: Any = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def ask(self, options: tuple[Option, ...]) -> None:
        """Show one field per option, in place of those before."""
        from magicgui.widgets import Container

        if self._form is not None:
            self._layout.removeWidget(self._form.native)
            self._form.native.deleteLater()
            self._form = None
        if options:
            self._form = Container(widgets=[_field(option) for option in options])
            self._layout.addWidget(self._form.native)
        self.setVisible(bool(options))

    @property
    def answers(self) -> Mapping[str, Any]:
        """What was answered, by the options' names."""
        return {} if self._form is None else {each.name: each.value for each in self._form}


def _field(option: Option) -> Any:
    from magicgui.widgets import create_widget

    details: dict[str, Any] = {"tooltip": option.about}
    if option.choices:
        details["choices"] = option.choices
    return create_widget(
        value=option.default, annotation=None if option.choices else option.kind,
        name=option.name, label=option.label, options=details,
    )  # fmt: skip
