"""The form that starts the way from video to named events, and shows how far it is."""

from collections.abc import Generator
from contextlib import closing
from time import monotonic

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from napari_behaviorvlm.core.progress import Counted, Progress, StepDone
from napari_behaviorvlm.gui.models.behavior_choice import (
    CAPTIONERS,
    FEATURES,
    MERGERS,
    METHODS,
    BehaviorChoice,
)
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.frame_choice import narrow, sentence_label
from napari_behaviorvlm.gui.widgets.model_panel import ANTHROPIC, ModelPanel
from napari_behaviorvlm.gui.widgets.style import Panel, button, column, row
from napari_behaviorvlm.gui.workers import TimeLeft, Worker
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.plan import plan_words
from napari_behaviorvlm.workflows.behavior.recordings import change_recording
from napari_behaviorvlm.workflows.behavior.run import BehaviorRequest, BehaviorResult, stages
from napari_behaviorvlm.workflows.behavior.segmenting import has_clips

ABOUT = (
    "Follows the animals, cuts the video into clips of 1 to 5 s, says what happens in each, and "
    "joins clips to events. What you corrected stays as it is."
)
RUNNING = "Running: you can look through the video and correct what is there meanwhile."
REFRESH = 1.5
"""Seconds after which captions that came meanwhile are shown."""

LABELS_WIDE = 108
_DOWN, _RIGHT = Qt.ArrowType.DownArrow, Qt.ArrowType.RightArrow

TELLING = 0.4
"""Seconds between two changes of the words beside the bar."""

POSES = "Poses (*.csv *.h5 *.hdf5 *.slp);;All files (*)"


class RunForm(Panel):
    """Starts a run on a session's folder; stopping loses nothing.

    Parameters
    ----------
    session : BehaviorSession
    """

    ran = Signal()
    """Something new can be read: a step ended, or the run."""

    def __init__(self, session: BehaviorSession) -> None:
        super().__init__("behavior_run")
        self._session = session
        self._worker = Worker("Behaviour", parent=self)
        self._time_left = TimeLeft()
        self._refreshed = self._told = 0.0
        self._build()
        self._show(BehaviorChoice.of(session.recording, session.folder))
        self.links.add(
            (self.start.clicked, self.run), (self.cancel.clicked, self._cancel),
            (self.plan.clicked, self.ask_plan), (self.captioner.currentIndexChanged, self._enable),
            (self.merge.currentIndexChanged, self._enable),
            (self.model.where.currentIndexChanged, self._enable),
            (self.poses.textChanged, self._enable), (self.more.toggled, self._enable),
            (self.browse_words.clicked, self._browse_words),
            (self.browse_poses.clicked, self._browse_poses),
            (self._worker.progressed, self._step), (self._worker.done, self._done),
            (self._worker.failed, self._failed), (self._worker.cancelled, self._cancelled),
            (self._worker.busy_changed, self._enable),
        )  # fmt: skip
        self._enable()

    @property
    def busy(self) -> bool:
        """Whether a run is on."""
        return self._worker.busy

    # Building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.animals, self.clusters = QSpinBox(), QSpinBox()
        self.animals.setRange(1, 20)
        self.animals.setToolTip("How many animals the video shows at most.")
        self.clusters.setRange(0, 400)
        self.clusters.setSpecialValueText("ten per animal")
        self.clusters.setToolTip("More clusters tell more kinds of behaviour apart.")
        self.method, self.features = _box(METHODS), _box(FEATURES)
        self.method.setToolTip("How clusters are found; the first is the paper's way.")
        self.features.setToolTip("What a moment is described by.")
        self.captioner, self.merge = _box(CAPTIONERS), _box(MERGERS)
        self.poses, self.words = QLineEdit(), QLineEdit()
        self.poses.setPlaceholderText("none: animals are found in the pictures")
        self.poses.setToolTip("DeepLabCut csv or h5, SLEAP slp or analysis h5, or our own csv.")
        self.words.setPlaceholderText("none: words are chosen freely")
        self.words.setToolTip("A TOML file with your lab's behaviours; see the documentation.")
        self.browse_poses, self.browse_words = (
            button("...", "Choose the file."), button("...", "Choose the file."),
        )  # fmt: skip
        for part in (self.browse_poses, self.browse_words):
            part.setFixedWidth(28)
        self.scale, self.absorb, self.budget = _number(), _number(), _number()
        self.rate = _number()
        self.rate.setSpecialValueText("as the video says")
        self.rate.setToolTip("Frames per second, where the video's file tells a wrong rate.")
        self.scale.setSpecialValueText("not known")
        self.scale.setToolTip("Pixels per centimetre; without it speeds are in body lengths.")
        self.absorb.setSuffix(" s")
        self.absorb.setToolTip(
            "What lasts shorter between two stretches of one behaviour becomes part of it."
        )
        self.budget.setPrefix("USD ")
        self.budget.setSpecialValueText("no limit")
        self.budget.setToolTip("The run stops before it is passed.")
        self.batch = QCheckBox("As a batch: half the price, within a day")
        self.batch.setToolTip("Start again later to collect the answers.")
        self.more = QToolButton()
        self.more.setText("More settings")
        self.more.setToolTip("How clusters are found, the scale, short interruptions.")
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.model = ModelPanel()
        self.start, self.cancel = QPushButton("Start"), QPushButton("Cancel")
        self.start.setObjectName("behavior_start")
        self.plan = QPushButton("What would this cost?")
        for part in (self.start, self.plan):
            part.setMinimumHeight(34)
        self.plan.setToolTip("Makes the clips, which costs nothing, and counts; asks no model.")
        self.bar = QProgressBar()
        self.message, self.result = sentence_label(), sentence_label()
        self.result.setObjectName("behavior_result")
        self._lay_out()

    def _lay_out(self) -> None:
        about = sentence_label()
        about.setText(ABOUT)
        self.poses_row, self.words_row = QWidget(), QWidget()
        row(self.poses, self.browse_poses, parent=self.poses_row)
        row(self.words, self.browse_words, parent=self.words_row)
        first = _form(
            ("Animals", self.animals), ("Poses", self.poses_row), ("Clusters", self.clusters),
            ("Captions", self.captioner), ("Events", self.merge), ("Your words", self.words_row),
            ("", self.more),
        )  # fmt: skip
        self.advanced = _form(
            ("Found by", self.method), ("Found in", self.features),
            ("Pixels per cm", self.scale), ("Frames per s", self.rate),
            ("Skip shorter than", self.absorb),
        )  # fmt: skip
        self.paid = _form(("Budget", self.budget), ("", self.batch))
        layout = column(self)
        for part in (about, first, self.advanced, self.paid, self.model):
            layout.addWidget(part)
        layout.addLayout(row(self.plan, self.start))
        layout.addLayout(row(self.bar, self.cancel))
        for part in (self.message, self.result):
            layout.addWidget(part)
        layout.addStretch(1)

    def _show(self, choice: BehaviorChoice) -> None:
        self.animals.setValue(choice.animals)
        self.clusters.setValue(choice.clusters)
        for box, key in (
            (self.method, choice.method), (self.features, choice.features),
            (self.captioner, choice.captioner), (self.merge, choice.merge),
        ):  # fmt: skip
            box.setCurrentIndex(max(box.findData(key), 0))
        self.words.setText(choice.vocabulary)
        if self._session.recording.view:
            self.poses.setPlaceholderText("those of the labelling project")
        else:
            self.poses.setText(choice.poses)
        self.scale.setValue(choice.scale)
        self.rate.setValue(choice.fps)
        self.absorb.setValue(choice.absorb)

    @property
    def choice(self) -> BehaviorChoice:
        """What stands in the form."""
        return BehaviorChoice(
            self.animals.value(), self.clusters.value(), self.method.currentData(),
            self.features.currentData(), self.captioner.currentData(), self.merge.currentData(),
            self.words.text().strip(), self.poses.text().strip(), self.budget.value(),
            self.scale.value(), self.rate.value(), self.absorb.value(),
            self.batch.isChecked() and not self.batch.isHidden(),
        )  # fmt: skip

    def _enable(self, *_: object) -> None:
        busy, asks = self._worker.busy, self.choice.asks
        in_project = bool(self._session.recording.view)
        anthropic = self.model.where.currentIndex() == ANTHROPIC
        self.batch.setVisible(anthropic and self.captioner.currentData() == "model")
        self.more.setArrowType(_DOWN if self.more.isChecked() else _RIGHT)
        self.advanced.setVisible(self.more.isChecked())
        for part in (self.paid, self.model):
            part.setVisible(asks)
        self.plan.setVisible(asks)
        self.animals.setEnabled(not (in_project or self.poses.text().strip()))
        self.poses_row.setEnabled(not in_project)
        for part in (self.scale, self.rate):
            part.setEnabled(not in_project)
        self.start.setEnabled(not busy)
        self.plan.setEnabled(not busy)
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.cancel.setEnabled(not self._worker.stopping)
        if not busy:
            self.message.clear()

    def _browse_words(self, *_: object) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(self, "Your words", "", "TOML (*.toml)")
        if chosen:
            self.words.setText(chosen)

    def _browse_poses(self, *_: object) -> None:
        video = self._session.recording.video
        start = "" if video is None else str(video.parent)
        chosen, _kind = QFileDialog.getOpenFileName(self, "Poses of this video", start, POSES)
        if chosen:
            self.poses.setText(chosen)

    # Running -----------------------------------------------------------------------------------

    def run(self, *_: object) -> None:
        """Start."""
        if not self._worker.busy:
            self._begin(_running(self._session, self.choice, self._request))

    def ask_plan(self, *_: object) -> None:
        """Say what it would cost; no model is asked."""
        if not self._worker.busy:
            self._begin(_planning(self._session, self.choice, self._request))

    @property
    def _request(self) -> BehaviorRequest:
        return self.choice.request(self.model.choice)

    def _begin(self, work: Generator[Progress, None, object]) -> None:
        self.result.clear()
        self._time_left = TimeLeft()
        self._session.said.emit(RUNNING)
        self._worker.start(work)

    def close_work(self) -> None:
        """Stop everything and wait for it."""
        self._worker.close()
        self.model.let_go()

    def _cancel(self, *_: object) -> None:
        self._worker.cancel()
        self._enable()

    def _step(self, step: Progress) -> None:
        if isinstance(step, StepDone):
            self.ran.emit()
            return
        if step.total and monotonic() - self._told < TELLING:
            return  # the window is drawn for every change, which takes time away from the work
        self._told = monotonic()
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        parts = [step.message]
        if isinstance(step, Counted):
            parts = [step.waiting or step.message, step.counters]
            self._show_words()
        parts.append("stopping ..." if self._worker.stopping else self._time_left.sentence(step))
        self.message.setText(" · ".join(part for part in parts if part))

    def _show_words(self) -> None:
        """Show captions that came meanwhile, now and then."""
        if monotonic() - self._refreshed > REFRESH:
            self._session.refresh_words()
            self._refreshed = monotonic()

    def _done(self, result: BehaviorResult | str) -> None:
        if isinstance(result, str):
            self._end(result)
            return
        waiting = result.caption.waiting if result.caption is not None else ""
        self._end("\n".join([*result.sentences, *result.notes]))
        if not waiting and result.merge is not None:
            self._session.said.emit(
                "Finished. Go through the events: Enter accepts one and goes to the next."
            )

    def _failed(self, sentence: str) -> None:
        self._end(sentence)
        self._session.said.emit(sentence)

    def _cancelled(self) -> None:
        self._end("Cancelled: what was finished is kept, and a new start goes on there.")

    def _end(self, words: str) -> None:
        self._session.said.emit("")
        self.result.setText(words)
        self.ran.emit()


def _running(
    session: BehaviorSession, choice: BehaviorChoice, request: BehaviorRequest
) -> Generator[Progress, None, BehaviorResult]:
    folder = session.folder
    yield from _prepare(folder, session.recording.name, choice)
    result = BehaviorResult()
    for title, start in stages(folder, request, result):
        with closing(start()) as steps:
            yield from steps
        yield StepDone(0, 0, title)
    return result


def _planning(
    session: BehaviorSession, choice: BehaviorChoice, request: BehaviorRequest
) -> Generator[Progress, None, str]:
    folder = session.folder
    yield from _prepare(folder, session.recording.name, choice)
    if not all(has_clips(folder, one) for one in folder.recordings):
        _title, start = next(stages(folder, request, BehaviorResult()))
        with closing(start()) as steps:
            yield from steps
        yield StepDone(0, 0)
    yield Progress(0, 0, "Counting questions")
    return plan_words(folder, request.words).sentence


def _prepare(
    folder: BehaviorFolder, name: str, choice: BehaviorChoice
) -> Generator[Progress, None, None]:
    """Keep what was chosen for the recording."""
    yield Progress(0, 0, "Looking at the recording")
    change_recording(folder, name, choice.change)
    if not choice.vocabulary:
        folder.vocabulary.unlink(missing_ok=True)
    yield StepDone(0, 0)
    yield Progress(0, 0, "Looking for what is to be done")


def _box(entries: dict[str, str]) -> QComboBox:
    box = QComboBox()
    narrow(box)
    for key, words in entries.items():
        box.addItem(words, key)
    return box


def _form(*entries: tuple[str, QWidget]) -> QWidget:
    """Return a part of the form whose fields stand below those of the other parts."""
    part = QWidget()
    form = QFormLayout(part)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for words, field in entries:
        label = QLabel(words)
        label.setMinimumWidth(LABELS_WIDE)
        form.addRow(label, field)
    return part


def _number() -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(0, 10000)
    return made
