"""The panel that finds dots, names them and triangulates: what, for which frames, how far it is."""

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Arrived, Counted, Progress
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.model_strategies import offer_model_strategies
from napari_behaviorvlm.gui.models.run_steps import STEPS, RunChoice, RunPlan, Step, strategies
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.running import runs_of
from napari_behaviorvlm.gui.widgets.frame_choice import (
    FrameChoice,
    OptionForm,
    narrow,
    scrolled,
    sentence_label,
)
from napari_behaviorvlm.gui.widgets.model_panel import ModelPanel
from napari_behaviorvlm.gui.workers import TimeLeft, Work, Worker


class RunPanel(QWidget):
    """Starts steps on a session and shows how far they are.

    A run belongs to the session, not to the panel: closing the panel leaves it running, and a
    panel that is opened later shows it.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    closed = Signal()

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("behaviorvlm_run_panel")
        offer_model_strategies()
        self._session = session
        self._runs = runs_of(session)
        self._planner = Worker(parent=self)
        self._time_left = TimeLeft()
        self._laid_out = QTimer(self)  # what was said has its place only after the next layout
        self._laid_out.setSingleShot(True)
        self._laid_out.setInterval(50)
        self.frames = FrameChoice(session)
        self.options = OptionForm()
        self.model = ModelPanel()
        self._build()
        self._connect()
        self._step_chosen()

    # Building --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.step_box, self.strategy_box = QComboBox(), QComboBox()
        for box in (self.step_box, self.strategy_box):
            narrow(box)
        self.step_box.addItems([step.title for step in STEPS])
        self._strategy_label, self._frames_label = QLabel("Strategy"), QLabel("Frames")
        self.about, self.plan_label = sentence_label(), sentence_label()
        self.reason_label, self.result_label = sentence_label(), sentence_label()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Step", self.step_box)
        form.addRow(self._strategy_label, self.strategy_box)
        form.addRow(self._frames_label, self.frames)
        self.choices = QWidget()  # however long they are, what starts the run stays in sight
        layout = QVBoxLayout(self.choices)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        said = (self.reason_label, self.plan_label, self.result_label)
        for part in (self.about, self.options, self.model, *said):
            layout.addWidget(part)
        layout.addStretch(1)
        self._area = scrolled(self.choices)
        whole = QVBoxLayout(self)
        whole.addWidget(self._area, 1)
        whole.addLayout(self._buttons())
        whole.addWidget(self._progress())

    def _buttons(self) -> QHBoxLayout:
        self.plan_button = QPushButton("What would this do?")
        self.plan_button.setToolTip("Says what would be done and what it would cost; does nothing.")
        self.start_button = QPushButton("Start")
        row = QHBoxLayout()
        row.addWidget(self.plan_button)
        row.addWidget(self.start_button)
        return row

    def _progress(self) -> QWidget:
        self.bar, self.message = QProgressBar(), sentence_label()
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Stops at the next step; finished pieces are kept.")
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        self.progress_part = QWidget()
        layout = QVBoxLayout(self.progress_part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.message)
        return self.progress_part

    def _connect(self) -> None:
        runs, session = self._runs, self._session
        self.links = Links()
        self.links.add(
            (self.step_box.currentIndexChanged, self._step_chosen),
            (self.strategy_box.currentIndexChanged, self._strategy_chosen),
            (self.frames.changed, self._refresh),
            (self.plan_button.clicked, self.ask_plan),
            (self.start_button.clicked, self.start),
            (self.cancel_button.clicked, self.cancel),
            (self._laid_out.timeout, self._scroll),
            (self._planner.done, self._show_plan),
            (self._planner.failed, self._show_plan),
            (runs.changed, self._refresh),
            (runs.progressed, self._show_progress),
            (runs.finished, self._show_result),
            (runs.stopped, self._show_result),
            (session.reloaded, self._refresh),
            (session.seeds_changed, self._refresh),
            (session.edited, self._refresh_after_edit),
        )

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Disconnect everything; a run goes on."""
        if len(self.links):
            self.links.cut()
            self.frames.unlink()
            self.model.let_go()
            self._laid_out.stop()
            self._planner.close()
            self.closed.emit()
        super().closeEvent(event)

    # What is chosen --------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The chosen step."""
        return STEPS[max(self.step_box.currentIndex(), 0)]

    @property
    def choice(self) -> RunChoice:
        """Frames, strategy and its options as they stand in the panel."""
        strategy = str(self.strategy_box.currentData() or "") if self.step.has_strategies else ""
        span = self.frames.span if self.step.takes_frames else FrameSpan()
        return RunChoice(span, strategy, self.options.answers)

    def choose(self, step: str) -> None:
        """Choose a step by its name ("detect", "label", "triangulate")."""
        self.step_box.setCurrentIndex([each.name for each in STEPS].index(step))

    def _step_chosen(self) -> None:
        offered = strategies() if self.step.has_strategies else ()
        was_blocked = self.strategy_box.blockSignals(True)
        self.strategy_box.clear()
        for strategy in offered:
            self.strategy_box.addItem(strategy.title, strategy.name)
        self.strategy_box.blockSignals(was_blocked)
        for part in (self.strategy_box, self._strategy_label):
            part.setVisible(bool(offered))
        for part in (self.frames, self._frames_label):
            part.setVisible(self.step.takes_frames)
        self._strategy_chosen()

    def _strategy_chosen(self) -> None:
        chosen = next((s for s in strategies() if s.name == self.strategy_box.currentData()), None)
        self.about.setText(self.step.about if chosen is None else chosen.about)
        self.options.ask(() if chosen is None else chosen.options)
        self.model.setVisible(chosen is not None and chosen.asks)
        self.plan_label.clear()
        self.result_label.clear()
        self._refresh()

    # Running ---------------------------------------------------------------------------------

    def ask_plan(self) -> None:
        """Say what a run would do, without doing it."""
        step, choice, project = self.step, self.choice, self._session.project

        def plan() -> Work:
            yield Progress(0, 0)
            return step.plan(project, choice)

        self._tell(self.plan_label, "Looking ...")
        self._planner.start(plan())

    def start(self) -> None:
        """Run the chosen step."""
        self.plan_label.clear()
        self.result_label.clear()
        self._time_left = TimeLeft()
        self._runs.start((self.step, self.choice))

    def cancel(self) -> None:
        """Stop the run at its next step."""
        self._runs.cancel()

    def _show_plan(self, plan: RunPlan | str) -> None:
        self._tell(self.plan_label, plan if isinstance(plan, str) else plan.text)

    def _tell(self, label: QLabel, sentence: str) -> None:
        """Say something and scroll to it."""
        label.setText(sentence)
        self._told = label
        self._laid_out.start()

    def _show_progress(self, step: Progress) -> None:
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        if isinstance(step, Arrived):
            return  # the counters follow at once
        parts = [step.message, f"{step.done} of {step.total}" if step.total else ""]
        if isinstance(step, Counted):
            parts = [step.waiting or step.message, *parts[1:], step.counters]
        parts.append("stopping ..." if self._runs.stopping else self._time_left.sentence(step))
        self.message.setText(" · ".join(part for part in parts if part))

    def _scroll(self) -> None:
        self._area.ensureWidgetVisible(self._told)

    def _show_result(self, sentence: str) -> None:
        self._tell(self.result_label, sentence)

    def _refresh_after_edit(self) -> None:
        if self.reason_label.text():  # the edit may have made what was missing
            self._refresh()

    def _refresh(self) -> None:
        reason = self._runs.obstacle(self.step, self.choice)
        running = self._runs.step is not None
        self.start_button.setEnabled(not reason)
        self.start_button.setToolTip(reason or f"{self.step.title} now.")
        self.reason_label.setText("" if running else reason)
        self.reason_label.setVisible(bool(reason) and not running)
        self.progress_part.setVisible(running)
        self.cancel_button.setEnabled(running and not self._runs.stopping)
        if not running:
            self.message.clear()
            self.bar.setRange(0, 0)
