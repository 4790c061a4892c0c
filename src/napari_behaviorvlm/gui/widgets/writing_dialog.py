"""What the docks' export dialogs share: a format, a place, a preview, the writing and its end."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, QUrl
from qtpy.QtGui import QCloseEvent, QDesktopServices
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.widgets.frame_choice import sentence_label
from napari_behaviorvlm.gui.workers import TimeLeft, Work, Worker

PREVIEW_DELAY = 200
"""Milliseconds after the last change until the preview is made anew."""


class WritingDialog(QDialog):
    """Chooses a format and a place, shows what will be written, and writes it.

    Subclasses say what can be chosen (`fill_form`), what an export would write (`look`), how that
    is shown (`show_preview`), write it (`write`) and tell the result (`told`).

    Parameters
    ----------
    title : str
    columns : tuple of str
        Heads of the preview's table; the first one is the widest.
    parent : QWidget, optional
    """

    tip = "Writes the files."

    def __init__(self, title: str, columns: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle(title)
        self.problem: str | None = None
        """Why it cannot be written; None while nobody knows."""
        self.written: Path | None = None
        self.place_is_own = False
        """Whether a person chose the place."""
        self._time_left = TimeLeft()
        self._previewer, self._exporter = Worker(parent=self), Worker("Export", parent=self)
        self._timer = QTimer(self, singleShot=True, interval=PREVIEW_DELAY)
        self.links = Links()
        self._build(columns)
        self._name_parts()
        self._connect_shared()

    # What an export is ------------------------------------------------------------------------

    def fill_form(self, form: QFormLayout) -> None:
        """Add what can be chosen to a form."""
        raise NotImplementedError

    def look(self) -> Work:
        """Find out what would be written, in a thread."""
        raise NotImplementedError

    def show_preview(self, preview: Any) -> str:
        """Show what would be written, and return what stands in the way ("" for nothing)."""
        raise NotImplementedError

    def write(self, out: Path) -> Work:
        """Write it, in a thread."""
        raise NotImplementedError

    def told(self, result: Any) -> tuple[str, Path]:
        """Say what was written, and where."""
        raise NotImplementedError

    def cancelled(self) -> str:
        """Say what is left of a cancelled export."""
        return "The export was cancelled; nothing was written."

    # Building ---------------------------------------------------------------------------------

    def _build(self, columns: tuple[str, ...]) -> None:
        layout = QVBoxLayout(self)
        self.format_box = QComboBox()
        self.folder_edit, self.browse_button = QLineEdit(), QPushButton("Choose ...")
        self.place_row = QWidget()
        place = QHBoxLayout(self.place_row)
        place.setContentsMargins(0, 0, 0, 0)
        place.addWidget(self.folder_edit, 1)
        place.addWidget(self.browse_button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Format", self.format_box)
        self.fill_form(form)
        layout.addLayout(form)
        layout.addWidget(QLabel("<b>This will be written</b>"))
        self.table = _table(columns)
        self.files_label, self.warnings_label = sentence_label(), sentence_label()
        self.problem_label, self.result_label = sentence_label(), sentence_label()
        layout.addWidget(self.table, 1)
        for part in (self.files_label, self.warnings_label, self.problem_label):
            layout.addWidget(part)
        layout.addWidget(self._progress())
        layout.addWidget(self.result_label)
        layout.addLayout(self._buttons())

    def _progress(self) -> QWidget:
        self.bar, self.message = QProgressBar(), QLabel()
        self.progress_part = QWidget()
        layout = QHBoxLayout(self.progress_part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.message)
        self.progress_part.hide()
        return self.progress_part

    def _buttons(self) -> QHBoxLayout:
        self.open_button = QPushButton("Show in folder")
        self.open_button.setToolTip("Opens the folder that was written.")
        self.open_button.setEnabled(False)
        self.export_button, self.cancel_button = QPushButton("Export"), QPushButton("Cancel")
        self.close_button = QPushButton("Close")
        self.export_button.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addStretch(1)
        for button in (self.export_button, self.cancel_button, self.close_button):
            row.addWidget(button)
        return row

    def _name_parts(self) -> None:
        """Give the parts names by which they are found in the window."""
        for part, name in (
            (self.format_box, "format_choice"), (self.folder_edit, "folder_field"),
            (self.table, "preview"), (self.problem_label, "problem"),
            (self.export_button, "write_button"), (self.result_label, "outcome"),
        ):  # fmt: skip
            part.setObjectName(name)

    def _connect_shared(self) -> None:
        self.links.add(
            (self.folder_edit.textChanged, self.changed),
            (self.folder_edit.textEdited, self._place_typed),
            (self._timer.timeout, lambda: self._previewer.start(self.look())),
            (self._previewer.done, self._take_preview),
            (self._previewer.failed, self._show_problem),
            (self._exporter.progressed, self._show_progress),
            (self._exporter.done, self._show_result),
            (self._exporter.failed, self._show_end),
            (self._exporter.cancelled, lambda: self._show_end(self.cancelled())),
            (self._exporter.busy_changed, self._refresh),
            (self.export_button.clicked, self.export),
            (self.cancel_button.clicked, self._exporter.cancel),
            (self.open_button.clicked, self._open_folder),
            (self.close_button.clicked, self.close),
        )

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop what is being written (nothing half is left behind) and disconnect everything."""
        self._timer.stop()
        self.links.cut()
        self._previewer.close()
        self._exporter.close()
        super().closeEvent(event)

    # The place --------------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """The chosen place, None while none is given."""
        text = self.folder_edit.text().strip()
        return Path(text).expanduser() if text else None

    def _place_typed(self) -> None:
        self.place_is_own = True

    def choose_place(self, place: str) -> None:
        """Take a place that a person chose in a dialog; "" leaves it."""
        if place:
            self.place_is_own = True
            self.folder_edit.setText(place)

    # Preview ----------------------------------------------------------------------------------

    def changed(self, *_: object) -> None:
        """Look anew at what would be written."""
        self.problem = None
        self._refresh()
        if not self._exporter.busy:
            self._timer.start()

    def _take_preview(self, preview: Any) -> None:
        self._show_problem(self.show_preview(preview))

    def show_files(self, files: list[str], warnings: tuple[str, ...]) -> None:
        """Show names of files and what a user should know."""
        self.files_label.setText("\n".join(files))
        self.warnings_label.setText("\n".join(f"! {each}" for each in warnings))
        self.warnings_label.setVisible(bool(warnings))

    def fill_table(self, rows: list[tuple[str, ...]]) -> None:
        """Fill the table; all columns but the first are numbers."""
        self.table.setRowCount(len(rows))
        for at, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(at, column, item)

    def _show_problem(self, sentence: str) -> None:
        self.problem = sentence
        self.problem_label.setText(sentence)
        self.problem_label.setVisible(bool(sentence))
        self._refresh()

    # Writing ----------------------------------------------------------------------------------

    def export(self, *_: object) -> None:
        """Write what the preview shows."""
        out = self.folder
        assert out is not None, "the button is disabled without a place"
        self.result_label.clear()
        self.written = None
        self._time_left = TimeLeft()
        self._exporter.start(self.write(out))

    def _show_progress(self, step: Progress) -> None:
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        parts = (step.message, self._time_left.sentence(step))
        self.message.setText(" · ".join(part for part in parts if part))

    def _show_result(self, result: Any) -> None:
        words, self.written = self.told(result)
        self._show_end(words)

    def _show_end(self, sentence: str) -> None:
        self.result_label.setText(sentence)
        self.changed()

    def _open_folder(self) -> None:
        if self.written is not None:
            folder = self.written if self.written.is_dir() else self.written.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _refresh(self, *_: object) -> None:
        busy = self._exporter.busy
        reason = self._reason()
        self.export_button.setEnabled(not reason)
        self.export_button.setToolTip(reason or self.tip)
        self.cancel_button.setEnabled(busy)
        self.cancel_button.setToolTip("" if busy else "Nothing is being written.")
        self.progress_part.setVisible(busy)
        self.open_button.setEnabled(self.written is not None and not busy)

    def _reason(self) -> str:
        """Why nothing can be exported now, "" if it can."""
        if self._exporter.busy:
            return "An export is being written."
        if self.folder is None:
            return "Choose a place for the export."
        return "Looking at what will be written ..." if self.problem is None else self.problem


def _table(columns: tuple[str, ...]) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(24)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
