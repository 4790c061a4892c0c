"""Which model is asked: where, its name, where its key is, and a button that tries it."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.widgets.frame_choice import narrow, sentence_label
from napari_behaviorvlm.gui.widgets.style import button
from napari_behaviorvlm.gui.workers import Worker
from napari_behaviorvlm.vlm.session import ModelSession
from napari_behaviorvlm.vlm.store import AnswerStore

ANTHROPIC, OTHER = range(2)

KNOWN_MODELS = ("claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5")
"""Offered at Anthropic's own address; any other name can be typed."""

TRY_PATIENCE = 15.0
"""Seconds that a test waits for a server."""


class ModelPanel(QWidget):
    """Chooses a model and tries it; every change is kept at once, except the key, which never is.

    Parameters
    ----------
    path : Path, optional
        Where the choice is kept; in the user's configuration folder by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.setObjectName("model_panel")
        self._path = path
        self._tester = Worker(parent=self)
        self._build()
        self._show(ModelChoice.read(path))
        self.links = Links()
        self.links.add(
            (self.where.currentIndexChanged, self._changed),
            (self.address.editingFinished, self._changed),
            (self.model.editTextChanged, self._changed),
            (self.key_env.editingFinished, self._changed),
            (self.concurrency.valueChanged, self._changed),
            (self.price_in.valueChanged, self._changed),
            (self.price_out.valueChanged, self._changed),
            (self.test_button.clicked, self.test),
            (self._tester.progressed, self._show_step),
            (self._tester.done, self._tested),
            (self._tester.failed, self._failed),
            (self._tester.busy_changed, self._busy),
        )

    # Building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.where = QComboBox()
        narrow(self.where)
        self.where.addItems(["Anthropic (Claude)", "a server of your own"])
        self.address = QLineEdit()
        self.address.setPlaceholderText("http://127.0.0.1:8000")
        self.address.setToolTip(
            "vLLM, LiteLLM, Ollama, llama.cpp, SGLang, LM Studio: the address without /v1."
        )
        self.model = QComboBox()
        narrow(self.model)
        self.model.setEditable(True)
        self.model.setToolTip("Empty where the server has only one model.")
        self.key_env = QLineEdit()
        self.key_env.setPlaceholderText("none for servers of your own")
        self.key_env.setToolTip(
            "Name of the environment variable that holds the key. The key itself is never kept."
        )
        self.key_words, self.said = sentence_label(), sentence_label()
        self.said.setObjectName("model_said")
        self.concurrency = QSpinBox()
        self.concurrency.setRange(1, 64)
        self.concurrency.setToolTip("Questions asked at the same time.")
        self.price_in, self.price_out = _price(), _price()
        self.test_button = button("Test connection", "", name="test_connection")
        layout = QVBoxLayout(self)  # a box with a title would be given too little height
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("<b>Model</b>"))
        layout.addLayout(self._form())
        for part in (self.key_words, self.test_button, self.said):
            layout.addWidget(part)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows: dict[QWidget, QWidget | None] = {}
        for label, field in (
            ("Where", self.where), ("Address", self.address), ("Model", self.model),
            ("Key variable", self.key_env), ("At once", self.concurrency),
            ("USD / M in", self.price_in), ("USD / M out", self.price_out),
        ):  # fmt: skip
            form.addRow(label, field)
            self._rows[field] = form.labelForField(field)
        return form

    # The choice --------------------------------------------------------------------------------

    @property
    def choice(self) -> ModelChoice:
        """What stands in the panel."""
        own = self.where.currentIndex() == OTHER
        return ModelChoice(
            self.address.text().strip() if own else "", self.model.currentText().strip(),
            self.key_env.text().strip(), self.concurrency.value(), self.price_in.value(),
            self.price_out.value(),
        )  # fmt: skip

    def _show(self, choice: ModelChoice) -> None:
        self.where.setCurrentIndex(OTHER if choice.base_url else ANTHROPIC)
        self.address.setText(choice.base_url)
        self._offer(() if choice.base_url else KNOWN_MODELS, choice.model)
        self.key_env.setText(choice.key_env)
        self.concurrency.setValue(choice.concurrency)
        self.price_in.setValue(choice.price_in)
        self.price_out.setValue(choice.price_out)
        self._refresh()

    def _offer(self, names: tuple[str, ...], current: str) -> None:
        blocked = self.model.blockSignals(True)
        self.model.clear()
        self.model.addItems(list(names))
        self.model.setEditText(current)
        self.model.blockSignals(blocked)

    def _changed(self, *_: object) -> None:
        if self.sender() is self.where:
            names = KNOWN_MODELS if self.where.currentIndex() == ANTHROPIC else ()
            self._offer(names, "")
        self.choice.write(self._path)
        self.said.clear()
        self._refresh()

    def _refresh(self) -> None:
        own = self.where.currentIndex() == OTHER
        for field in (self.address, self.price_in, self.price_out):
            field.setVisible(own)
            label = self._rows[field]
            if label is not None:
                label.setVisible(own)
        self.key_words.setText(self.choice.key_words)
        missing = own and not self.address.text().strip()
        self.test_button.setEnabled(not missing)
        self.test_button.setToolTip(
            "Type the server's address first." if missing
            else "Asks the server what it can do, with a few tiny questions."
        )  # fmt: skip

    # Trying it ---------------------------------------------------------------------------------

    def test(self) -> None:
        """Ask the server what it can do; pressed again, stop asking."""
        if self._tester.busy:
            self._tester.drop()
            self._busy(False)
            self.said.setText("Stopped.")
            return
        self.said.setText("Asking ...")
        self._tester.start(_trying(self.choice))

    def _busy(self, busy: bool) -> None:
        self.test_button.setText("Stop" if busy else "Test connection")

    def _show_step(self, step: Progress) -> None:
        self.said.setText(step.message)

    def _tested(self, sentence: str) -> None:
        self.said.setText(sentence)

    def _failed(self, sentence: str) -> None:
        self.said.setText(sentence)

    def let_go(self) -> None:
        """Stop asking and disconnect everything."""
        self.links.cut()
        self._tester.close()


def _price() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 1000)
    box.setDecimals(2)
    box.setSpecialValueText("not given")
    box.setToolTip("USD per million tokens; only needed for a budget where the price is not known.")
    return box


def _trying(choice: ModelChoice) -> Generator[Progress, None, str]:
    yield Progress(0, 0, f"Asking {choice.words} ...")
    settings = choice.settings()
    policy = replace(settings.policy, patience=TRY_PATIENCE)
    with ModelSession(replace(settings, policy=policy, timeout=60.0), AnswerStore()) as session:
        price = session.asker.price
        cost = (
            "Its price is not known, so that no budget can be kept." if price is None
            else "It costs nothing." if not (price.input or price.output)
            else f"It costs {price.input:g} USD per million tokens in and {price.output:g} out."
        )  # fmt: skip
        return f"{session.asker.model} answers. {session.profile.sentence} {cost}"
