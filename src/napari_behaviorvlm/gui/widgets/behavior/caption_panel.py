"""Where the words of a clip come from: what a model saw and said, what was measured, by whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QScrollArea, QWidget

from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.naming_edits import NameClip
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.widgets.behavior.words import stretch
from napari_behaviorvlm.gui.widgets.picture import Picture
from napari_behaviorvlm.gui.widgets.style import Panel, Sentence, ago, button, column, row
from napari_behaviorvlm.gui.workers import Work, Worker
from napari_behaviorvlm.workflows.behavior.origins import Origin, ask_again, origin_of

if TYPE_CHECKING:
    from napari_behaviorvlm.behavior.captions.measures import ClipMeasures

PAUSE = 120
"""Milliseconds after which a selection is looked up: arrow keys may be held."""

_NOTHING = "Choose a bout in the timeline to see where its name comes from."
_NO_CLIP = "A person drew this bout: there is no clip behind it that anything was computed from."


class CaptionPanel(Panel):
    """Follows the chosen bout and shows the clips that it was made from, one at a time.

    Parameters
    ----------
    session : BehaviorSession
    flow : BoutFlow
    model : callable
        Gives the model that is asked again.
    """

    def __init__(
        self, session: BehaviorSession, flow: BoutFlow, model: Callable[[], ModelChoice]
    ) -> None:  # fmt: skip
        super().__init__("caption_panel")
        self._session, self._flow, self._model = session, flow, model
        self._clips: list[Bout] = []
        self._at = 0
        self._shown: Origin | None = None
        self._measured: list[ClipMeasures] = []
        self._looker, self._asker = Worker(parent=self), Worker("Asking again", parent=self)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE)
        self._make_parts()
        self._lay_out()
        self._connect()
        self._follow()

    def _make_parts(self) -> None:
        self.title = Sentence(_NOTHING, name="caption_title")
        self.before = button("◀", "The clip before.")
        self.after = button("▶", "The next clip.")
        for part in (self.before, self.after):
            part.setFixedWidth(30)
        self.strip, self.scene = Picture("caption_strip"), Picture("caption_scene")
        self.seen = Sentence(name="caption_seen")
        self.label = QComboBox()
        self.label.setEditable(True)
        self.label.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label.setObjectName("caption_label")
        self.words = QPlainTextEdit()
        self.words.setObjectName("caption_words")
        self.words.setFixedHeight(54)
        self.words.setTabChangesFocus(True)
        self.parts = Sentence(name="caption_parts")
        self.accept = button("Accept", "", name="accept_caption")
        self.again = button("Ask again", "", name="ask_again")
        self.hint = QLineEdit()
        self.hint.setObjectName("caption_hint")
        self.hint.setPlaceholderText("what the model should look at (may stay empty)")
        self.said = Sentence(name="caption_said")
        self.numbers = QLabel()
        self.numbers.setObjectName("caption_numbers")
        self.history = Sentence(name="caption_history")
        for part in (self.parts, self.numbers, self.history, self.said, self.seen):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _lay_out(self) -> None:
        text = QWidget()
        inner = column(text)
        line = row(self.title, self.before, self.after)
        line.setStretch(0, 1)
        inner.addLayout(line)
        for part in (self.label, self.words, self.parts):
            inner.addWidget(part)
        inner.addLayout(row(self.accept, self.again))
        for part in (self.hint, self.said, _heading("Measured"), self.numbers,
                     _heading("Who changed it"), self.history):  # fmt: skip
            inner.addWidget(part)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(text)
        pictures = QWidget()
        inner = column(pictures)
        inner.addWidget(self.seen)
        beside = row(self.strip, self.scene)
        beside.setStretch(0, 3)
        beside.setStretch(1, 2)
        inner.addLayout(beside, 1)
        layout = row(area, pictures, parent=self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setStretch(0, 2)
        layout.setStretch(1, 3)

    def _connect(self) -> None:
        session = self._session
        self.links.add(
            (session.selection_changed, self._follow), (session.edited, self._stale),
            (session.reworded, self._stale), (session.reloaded, self._reloaded),
            (self._later.timeout, self.look),
            (self.before.clicked, lambda *_: self._step(-1)),
            (self.after.clicked, lambda *_: self._step(1)),
            (self.label.editTextChanged, self._enable), (self.words.textChanged, self._enable),
            (self.accept.clicked, self.keep), (self.again.clicked, self.ask),
            (self._looker.done, self._show), (self._looker.failed, self._failed),
            (self._asker.done, self._answered), (self._asker.failed, self._not_answered),
            (self._asker.progressed, self._asking), (self._asker.busy_changed, self._enable),
        )  # fmt: skip

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop asking and let go of the session."""
        self._later.stop()
        self.let_go()
        self._looker.close()
        self._asker.close()
        super().closeEvent(event)

    # Which clip --------------------------------------------------------------------------------

    @property
    def clip(self) -> Bout | None:
        """The clip that is shown."""
        return self._clips[self._at] if self._clips else None

    def _follow(self, *_: object) -> None:
        """Show the clips of the chosen bout, first the one at the current frame."""
        session, bout = self._session, self._session.current
        self._clips, self._at = [], 0
        if bout is not None:
            clips = session.clips[session.row_of(bout.animal)]
            seen = clips.bouts[clips.seen(bout.start_frame, bout.end_frame)]
            self._clips = [clip for clip in seen if clip.clips[0] in bout.clips]
            here = [clip.start_frame <= session.frame <= clip.end_frame for clip in self._clips]
            self._at = here.index(True) if True in here else 0
        self._stale()

    def _step(self, step: int) -> None:
        self._at = min(max(self._at + step, 0), max(len(self._clips) - 1, 0))
        clip = self.clip
        if clip is not None:
            self._session.go_to(clip.start_frame)
        self._stale()

    def _reloaded(self) -> None:
        self._measured = []
        self._follow()

    def _stale(self, *_: object) -> None:
        self._later.start()

    def look(self) -> None:
        """Look the clip up."""
        clip, bout = self.clip, self._session.current
        self.before.setEnabled(self._at > 0)
        self.after.setEnabled(self._at < len(self._clips) - 1)
        if clip is None:
            self._looker.drop()
            self._shown = None
            self.title.setText(_NOTHING if bout is None else _NO_CLIP)
            self._clear()
            return
        which = f" ({self._at + 1} of {len(self._clips)})" if len(self._clips) > 1 else ""
        self.title.setText(
            f"Clip {clip.clips[0]}{which} of cluster {clip.cluster}, {clip.animal}, "
            f"{stretch(clip, self._session.fps)}"
        )
        self._looker.start(self._looking(clip.clips[0]))

    def _looking(self, clip: int) -> Work:
        session, measured = self._session, self._measured
        folder, recording = session.folder, session.recording

        def looking() -> Work:
            yield Progress(0, 0)
            return origin_of(folder, recording, clip, measured)

        return looking()

    # Showing -----------------------------------------------------------------------------------

    def _clear(self) -> None:
        self._fill(Caption(""))
        for part in (self.parts, self.numbers, self.history, self.seen):
            part.setText("")
        for picture in (self.strip, self.scene):
            picture.show_bytes(b"")
        self._enable()

    def _show(self, found: Origin) -> None:
        same = self._shown is not None and self._shown.clip == found.clip
        if not (same and self._is_edited()):
            self._fill(found.caption or Caption(""))
        self._shown = found
        caption = found.caption or Caption("")
        told = (("Posture", caption.posture), ("Movement", caption.movement),
                ("Others", caption.social))  # fmt: skip
        self.parts.setText("\n".join(f"{name}: {text}" for name, text in told if text))
        self.seen.setText(_seen(found))
        self.strip.show_bytes(found.strip)
        self.scene.show_bytes(found.overview)
        self.numbers.setText("\n".join(
            f"{_plain(name)}: {value:g}" for name, value in found.numbers.items()
        ))  # fmt: skip
        self.history.setText(self._history(found.clip) or "Nobody so far.")
        self._enable()

    def _history(self, clip: int) -> str:
        session, bout = self._session, self._session.current
        number = 0 if bout is None else bout.id
        edits = session.store.history(session.recording.name, number, clip)
        return "\n".join(f"{one.author}, {ago(one.created)}: {one.action}" for one in edits)

    def _fill(self, caption: Caption) -> None:
        for part in (self.label, self.words):
            part.blockSignals(True)
        self.label.clear()
        self.label.addItems(self._flow.labels)
        self.label.setEditText(self._session.store.name_of(caption.label))
        self.words.setPlainText(caption.description)
        for part in (self.label, self.words):
            part.blockSignals(False)

    def _failed(self, sentence: str) -> None:
        self._shown = None
        self._clear()
        self.seen.setText(sentence)

    def _is_edited(self) -> bool:
        caption = self._shown.caption if self._shown is not None else None
        said = caption or Caption("")
        label = self._session.store.name_of(said.label)
        return (self.label.currentText().strip(), self.words.toPlainText().strip()) != (
            label, said.description.strip()
        )  # fmt: skip

    def _enable(self, *_: object) -> None:
        known, busy = self._shown is not None, self._asker.busy
        edited = known and self._is_edited()
        caption = self._shown.caption if self._shown is not None else None
        decided = caption is not None and caption.source == HUMAN and not edited
        self.accept.setText("Keep my words" if edited else "Accept")
        self.accept.setEnabled(known and bool(self.label.currentText().strip()) and not decided)
        self.accept.setToolTip(
            "Keeps what you wrote; the event in the timeline gets the same name." if edited
            else "A person decided this already." if decided
            else "The words are right as they are."
        )  # fmt: skip
        for part in (self.label, self.words):
            part.setEnabled(known)
        self.again.setText("Stop asking" if busy else "Ask again")
        self.again.setEnabled(known or busy)
        self.again.setToolTip(
            f"Shows the pictures to {self._model().words} and asks what the animal does. "
            "Choose the model in the tab Run."
        )
        self.hint.setEnabled(known and not busy)

    # What a person does ------------------------------------------------------------------------

    def keep(self, *_: object) -> None:
        """Take the words in the fields for true."""
        shown, label = self._shown, self.label.currentText().strip()
        if shown is None or not label:
            return
        old = shown.caption or Caption(label)
        said = replace(
            old, label=label, description=self.words.toPlainText().strip(), source=HUMAN,
            confidence=1.0,
        )  # fmt: skip
        if self._session.apply(NameClip(self._session.recording.name, shown.clip, said)):
            self._shown = replace(shown, caption=said)
            self._enable()

    def ask(self, *_: object) -> None:
        """Ask the model about this clip again; pressed once more, stop."""
        if self._asker.busy:
            self._asker.drop()
            self.said.setText("Stopped.")
            return
        if self._shown is None:
            return
        session = self._session
        self._asked = self._shown.clip
        self.said.setText("Asking ...")
        self._asker.start(ask_again(
            session.folder, session.recording, self._asked, self._model().settings(None),
            self.hint.text(),
        ))  # fmt: skip

    def _asking(self, step: Progress) -> None:
        self.said.setText(f"{step.message} ...")

    def _answered(self, said: Caption) -> None:
        before = self._session.captions.get(self._asked)
        if self._session.apply(NameClip(self._session.recording.name, self._asked, said)):
            was = f" (it was {before.label})" if before and before.label != said.label else ""
            self.said.setText(f"The model says: {said.label}{was}. Undo brings the old words back.")

    def _not_answered(self, sentence: str) -> None:
        self.said.setText(sentence)


def _heading(text: str) -> QLabel:
    made = QLabel(text)
    made.setStyleSheet("font-weight: bold;")
    return made


def _plain(name: str) -> str:
    """Write the name of a number: "speed_body_lengths_per_s" as "speed, body lengths/s"."""
    words = name.replace("_per_s", "/s")
    for unit in ("body_lengths", "cm"):
        head, found, rest = words.partition(f"_{unit}")
        if found:
            return f"{head.replace('_', ' ')}, {unit.replace('_', ' ')}{rest.replace('_', ' ')}"
    return words.replace("_", " ")


def _seen(found: Origin) -> str:
    """Say where the words come from and what the pictures are."""
    caption = found.caption
    if found.problem:
        return found.problem
    if found.sent:
        when = datetime.fromisoformat(found.when).astimezone().strftime("%Y-%m-%d %H:%M")
        cost = f", {found.cost:.4f} USD" if found.cost else ""
        decided = caption is not None and caption.source == HUMAN
        words = "A person decided. " if decided else ""
        return f"{words}Model {found.model} was asked {when}{cost}. It saw these pictures:"
    if caption is None:
        return "Nobody has said anything of this clip. A model would see these pictures:"
    if caption.source == HUMAN:
        return "A person wrote this; no model was asked. A model would see these pictures:"
    return "Measured from the tracks; no model was asked. A model would see these pictures:"
