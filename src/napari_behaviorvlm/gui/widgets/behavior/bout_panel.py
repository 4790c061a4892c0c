"""The chosen bout: its name, its words, where they come from, and the animal close up."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QCompleter,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from napari_behaviorvlm.core.bout_edits import Describe
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.behavior.words import said_by, stretch
from napari_behaviorvlm.gui.widgets.style import Panel, Sentence, button, column, row

Crop = Callable[[int, int, bool], "NDArray[Any] | None"]
"""Picture of an animal (row) in a frame, its head up if asked for."""

CLOSE_UP = 176
_NOTHING = "Click a bout in the timeline, or an animal in the video."


class BoutPanel(Panel):
    """Shows and changes the bout that was chosen last.

    Parameters
    ----------
    session : BehaviorSession
    flow : BoutFlow
    crop : callable
        Gives the close-up; see `Crop`.
    """

    why_wanted = Signal()

    def __init__(self, session: BehaviorSession, flow: BoutFlow, crop: Crop) -> None:
        super().__init__("bout")
        self._session, self._flow, self._crop = session, flow, crop
        self._shown: Bout | None = None
        self.title = Sentence(_NOTHING, name="bout_title")
        self.label = QComboBox()
        self.label.setEditable(True)
        self.label.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label.setObjectName("bout_label")
        self.label.setToolTip("Name of the behaviour; type a new one or choose (F2).")
        self.label.lineEdit().setPlaceholderText("name of the behaviour")
        self.label.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.words = QPlainTextEdit()
        self.words.setObjectName("bout_words")
        self.words.setPlaceholderText("What the animal does, in a sentence")
        self.words.setFixedHeight(64)
        self.words.setTabChangesFocus(True)
        self.source = Sentence(name="bout_source")
        self.accept = button("Accept", "It is right as it is; go on to the next (Enter).")
        self.split = button("Split", "Cuts it at the current frame (/).")
        self.merge = button("Merge", "With the other chosen bouts, or with the next one (M).")
        self.apart = button("Take apart", "Back to the clips it was made from (Shift+M).")
        self.delete = button("Delete", "Leaves nothing here (Del).")
        self.start = button("[ starts here", "Lets it start at the current frame ([).")
        self.end = button("ends here ]", "Lets it end at the current frame (]).")
        self.add = button("New bout here", "A new bout at the current frame (N).")
        self.picture = QLabel()
        self.picture.setObjectName("close_up")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setFixedHeight(CLOSE_UP)
        self.picture.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head_up = button("Head up", "Turns the close-up so that the head is up.",
                              checkable=True)  # fmt: skip
        self.why = button("Why this name?", "Pictures, measures and words behind it (Y).",
                          checkable=True)  # fmt: skip
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(30)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        layout = column(self)
        for widget in (self.title, self.label, self.words, self.source):
            layout.addWidget(widget)
        for line in (
            (self.accept, self.split, self.merge), (self.start, self.end),
            (self.add, self.apart, self.delete),
        ):  # fmt: skip
            layout.addLayout(row(*line))
        layout.addWidget(self.picture)
        layout.addLayout(row(self.head_up, self.why))
        layout.addStretch(1)

    def _connect(self) -> None:
        session, flow = self._session, self._flow
        self.links.add(
            (session.selection_changed, self.refresh),
            (session.edited, self.refresh),
            (session.reloaded, self.refresh),
            (session.frame_changed, self._picture_later),
            (self._later.timeout, self._show_picture),
            (self.label.lineEdit().returnPressed, self._name),
            (self.label.activated, lambda *_: self._name()),
            (self.accept.clicked, lambda *_: flow.accept()),
            (self.split.clicked, lambda *_: flow.split()),
            (self.merge.clicked, lambda *_: flow.merge()),
            (self.apart.clicked, lambda *_: flow.take_apart()),
            (self.delete.clicked, lambda *_: flow.delete()),
            (self.start.clicked, lambda *_: flow.set_start()),
            (self.end.clicked, lambda *_: flow.set_end()),
            (self.add.clicked, lambda *_: flow.add()),
            (self.head_up.toggled, self._show_picture),
            (self.why.clicked, lambda *_: self.why_wanted.emit()),
        )
        self.words.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for what is needed."""
        return QSize(320, 480)

    def edit_name(self) -> None:
        """Let a person type a name."""
        self.label.setFocus()
        self.label.lineEdit().selectAll()

    def eventFilter(self, watched: QWidget, event: Any) -> bool:  # noqa: N802 - Qt's name
        """Keep the words when their field is left."""
        if watched is self.words and event.type() == event.Type.FocusOut:
            self.keep_words()
        return bool(super().eventFilter(watched, event))

    def keep_words(self) -> None:
        """Keep what was typed as the description of the bout it was typed for."""
        bout = self._shown
        if bout is None or self._session.bout(bout.id) != bout:
            return  # it has changed meanwhile, and so will the field
        words = self.words.toPlainText().strip()
        if words != bout.description:
            self._shown = None  # what the edit brings about must not keep it again
            self._session.apply(Describe(bout.id, words))

    def _name(self) -> None:
        text = self.label.currentText().strip()
        if text and self._session.current is not None:
            self._flow.name(text)

    def refresh(self, *_: object) -> None:
        """Show the current bout."""
        if self._session.current is not self._shown:
            self.keep_words()
        bout = self._shown = self._session.current
        several = len(self._session.selection)
        self._list_labels("" if bout is None else bout.label)
        for widget in (self.label, self.words, self.accept, self.split, self.merge, self.apart,
                       self.delete, self.start, self.end):  # fmt: skip
            widget.setEnabled(bout is not None)
        self.apart.setEnabled(bout is not None and len(bout.clips) > 1)
        self.words.setPlainText("" if bout is None else bout.description)
        if bout is None:
            self.title.setText(_NOTHING)
            self.source.setText("")
        else:
            chosen = f"{several} bouts are chosen. " if several > 1 else ""
            self.title.setText(f"{chosen}{bout.animal}, {stretch(bout, self._session.fps)}")
            self.source.setText(_said(bout))
        self._show_picture()

    def _list_labels(self, current: str) -> None:
        line = self.label.lineEdit()
        if line.hasFocus() and line.isModified():
            return
        self.label.blockSignals(True)
        self.label.clear()
        self.label.addItems(self._flow.labels)
        self.label.setEditText(current)
        self.label.blockSignals(False)

    # Close-up ----------------------------------------------------------------------------------

    def _picture_later(self, *_: object) -> None:
        if not self._later.isActive():
            self._later.start()

    def _show_picture(self, *_: object) -> None:
        if not self.isVisible():
            return
        picture = self._crop(self._flow.animal, self._session.frame, self.head_up.isChecked())
        if picture is None:
            no_video = self._session.recording.video is None
            self.picture.setText("" if no_video else "not seen in this frame")
            return
        self.picture.setPixmap(pixmap_of(picture).scaledToHeight(
            CLOSE_UP, Qt.TransformationMode.SmoothTransformation
        ))  # fmt: skip


def _said(bout: Bout) -> str:
    who = said_by(bout)
    made = f"; made from {len(bout.clips)} clips" if len(bout.clips) > 1 else ""
    return f"{who[:1].upper()}{who[1:]}{made}."


def pixmap_of(picture: NDArray[Any]) -> QPixmap:
    """Make a pixmap of a grey (H, W) or RGB (H, W, 3) picture of bytes."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    data = np.ascontiguousarray(rgb, np.uint8).tobytes()
    height, width = rgb.shape[:2]
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)
