"""The form that starts the way from video to named events, and shows how far it is."""

from collections.abc import Generator
from contextlib import closing

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QWidget,
)

from napari_behaviorvlm.core.progress import Counted, Progress, StepDone
from napari_behaviorvlm.gui.models.behavior_choice import (
    CAPTIONERS,
    FEATURES,
    MERGERS,
    METHODS,
    BehaviorChoice,
    with_animals,
)
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.frame_choice import narrow, sentence_label
from napari_behaviorvlm.gui.widgets.model_panel import ModelPanel
from napari_behaviorvlm.gui.widgets.style import Panel, button, column, row
from napari_behaviorvlm.gui.workers import TimeLeft, Worker
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.plan import plan_words
from napari_behaviorvlm.workflows.behavior.run import BehaviorRequest, BehaviorResult, stages

ABOUT = (
    "Follows the animals, cuts the video into clips of 1 to 5 s, says what happens in each, and "
    "joins clips to events. What you corrected stays as it is."
)


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
        self._planner = Worker(parent=self)
        self._time_left = TimeLeft()
        self._build()
        self._show(BehaviorChoice.of(session.recording, session.folder))
        self.links.add(
            (self.start.clicked, self.run), (self.cancel.clicked, self._cancel),
            (self.plan.clicked, self.ask_plan), (self.captioner.currentIndexChanged, self._enable),
            (self.merge.currentIndexChanged, self._enable),
            (self.browse.clicked, self._browse),
            (self._worker.progressed, self._step), (self._worker.done, self._done),
            (self._worker.failed, self._failed), (self._worker.cancelled, self._cancelled),
            (self._worker.busy_changed, self._enable),
            (self._planner.done, self._planned), (self._planner.failed, self._planned),
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
        self.features.setToolTip("What a moment is described by.")
        self.captioner, self.merge = _box(CAPTIONERS), _box(MERGERS)
        self.words = QLineEdit()
        self.words.setPlaceholderText("none: words are chosen freely")
        self.words.setToolTip("A TOML file with your lab's behaviours; see the documentation.")
        self.browse = button("...", "Choose the file.")
        self.browse.setFixedWidth(28)
        self.budget = QDoubleSpinBox()
        self.budget.setRange(0, 10000)
        self.budget.setPrefix("USD ")
        self.budget.setSpecialValueText("no limit")
        self.budget.setToolTip("The run stops before it is passed.")
        self.model = ModelPanel()
        self.start, self.cancel = QPushButton("Start"), QPushButton("Cancel")
        self.plan = QPushButton("What would this cost?")
        self.bar = QProgressBar()
        self.message, self.result = sentence_label(), sentence_label()
        self.result.setObjectName("behavior_result")
        self._lay_out()

    def _lay_out(self) -> None:
        about = sentence_label()
        about.setText(ABOUT)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        words = QWidget()
        row(self.words, self.browse, parent=words)
        for label, field in (
            ("Animals", self.animals), ("Clusters", self.clusters), ("Found by", self.method),
            ("From", self.features), ("Captions", self.captioner), ("Events", self.merge),
            ("Your words", words), ("Budget", self.budget),
        ):  # fmt: skip
            form.addRow(label, field)
        self._budget_label = form.labelForField(self.budget)
        layout = column(self)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(self.model)
        layout.addLayout(row(self.plan, self.start))
        layout.addLayout(row(self.bar, self.cancel))
        for part in (self.message, self.result):
            layout.addWidget(part)
        layout.addStretch(1)

    def _show(self, choice: BehaviorChoice) -> None:
        self.animals.setValue(choice.animals)
        for box, key in (
            (self.method, choice.method), (self.features, choice.features),
            (self.captioner, choice.captioner), (self.merge, choice.merge),
        ):  # fmt: skip
            box.setCurrentIndex(max(box.findData(key), 0))
        if self._session.folder.vocabulary.is_file():
            self.words.setText(str(self._session.folder.vocabulary))

    @property
    def choice(self) -> BehaviorChoice:
        """What stands in the form."""
        return BehaviorChoice(
            self.animals.value(), self.clusters.value(), self.method.currentData(),
            self.features.currentData(), self.captioner.currentData(), self.merge.currentData(),
            self.words.text().strip(), self.budget.value(),
        )  # fmt: skip

    def _enable(self, *_: object) -> None:
        busy, asks = self._worker.busy, self.choice.asks
        for part in (self.model, self.budget, self._budget_label, self.plan):
            part.setVisible(asks)
        self.start.setEnabled(not busy)
        self.plan.setEnabled(not busy)
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.cancel.setEnabled(not self._worker.stopping)
        if not busy:
            self.message.clear()

    def _browse(self, *_: object) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(self, "Your words", "", "TOML (*.toml)")
        if chosen:
            self.words.setText(chosen)

    # Running -----------------------------------------------------------------------------------

    def run(self, *_: object) -> None:
        """Start."""
        if self._worker.busy:
            return
        choice = self.choice
        session = self._session
        session.recording = with_animals(session.folder, session.recording, choice.animals)
        self.result.clear()
        self._time_left = TimeLeft()
        self._worker.start(_running(session.folder, choice.request(self.model.choice)))

    def ask_plan(self, *_: object) -> None:
        """Say what it would cost; nothing is asked."""
        folder, request = self._session.folder, self.choice.request(self.model.choice)

        def plan() -> Generator[Progress, None, str]:
            yield Progress(0, 0)
            return plan_words(folder, request.words).sentence

        self.result.setText("Looking ...")
        self._planner.start(plan())

    def close_work(self) -> None:
        """Stop everything and wait for it."""
        self._worker.close()
        self._planner.close()
        self.model.let_go()

    def _cancel(self, *_: object) -> None:
        self._worker.cancel()
        self._enable()

    def _step(self, step: Progress) -> None:
        if isinstance(step, StepDone):
            self.ran.emit()
            return
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        parts = [step.message]
        if isinstance(step, Counted):
            parts = [step.waiting or step.message, step.counters]
        parts.append("stopping ..." if self._worker.stopping else self._time_left.sentence(step))
        self.message.setText(" · ".join(part for part in parts if part))

    def _done(self, result: BehaviorResult) -> None:
        self.result.setText("\n".join([*result.sentences, *result.notes]))
        self.ran.emit()

    def _failed(self, sentence: str) -> None:
        self.result.setText(sentence)
        self._session.said.emit(sentence)
        self.ran.emit()

    def _cancelled(self) -> None:
        self.result.setText("Cancelled: what was finished is kept, and a new start goes on there.")
        self.ran.emit()

    def _planned(self, sentence: str) -> None:
        self.result.setText(sentence)


def _running(
    folder: BehaviorFolder, request: BehaviorRequest
) -> Generator[Progress, None, BehaviorResult]:
    result = BehaviorResult()
    for title, start in stages(folder, request, result):
        with closing(start()) as steps:
            yield from steps
        yield StepDone(0, 0, title)
    return result


def _box(entries: dict[str, str]) -> QComboBox:
    box = QComboBox()
    narrow(box)
    for key, words in entries.items():
        box.addItem(words, key)
    return box
