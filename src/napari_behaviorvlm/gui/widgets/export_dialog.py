"""The export dialog: what will be written, the writing, and reading it back."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, QUrl
from qtpy.QtGui import QCloseEvent, QDesktopServices
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.frame_choice import sentence_label
from napari_behaviorvlm.gui.workers import TimeLeft, Work, Worker
from napari_behaviorvlm.io.export import FORMATS, ExportFormat
from napari_behaviorvlm.io.export.destination import MANIFEST
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.workflows.export import CheckedExport, export_and_check
from napari_behaviorvlm.workflows.export_preview import ExportPreview, preview_export
from napari_behaviorvlm.workflows.person import login_name

ONLY = {
    "accepted": (
        "accepted: only what a person accepted or corrected",
        "Training sets should hold nothing else.",
    ),
    "all": (
        "all: proposals too, which nobody has looked at yet",
        "What the program thinks; good for tables and analysis, risky for training.",
    ),
}
PREVIEW_DELAY = 200
"""Milliseconds after the last change until the preview is made anew."""


class ExportDialog(QDialog):
    """Chooses a format and a folder, shows what will be written, writes it and reads it back.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export labels")
        self._session = session
        self._preview: ExportPreview | None = None
        self._folder_is_own = False
        self._written: Path | None = None
        self._stamp: int | None = None
        self._time_left = TimeLeft()
        self._previewer, self._exporter = Worker(parent=self), Worker("Export", parent=self)
        self._timer = QTimer(self, singleShot=True, interval=PREVIEW_DELAY)
        self._build()
        self._name_parts()
        self._connect()
        self._format_chosen()
        self.resize(620, 640)

    # Building --------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.addLayout(self._form())
        layout.addWidget(QLabel("<b>This will be written</b>"))
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["camera", "frames", "labels"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.files_label, self.warnings_label = sentence_label(), sentence_label()
        self.problem_label, self.result_label = sentence_label(), sentence_label()
        layout.addWidget(self.table, 1)
        for part in (self.files_label, self.warnings_label, self.problem_label):
            layout.addWidget(part)
        layout.addWidget(self._progress())
        layout.addWidget(self.result_label)
        layout.addLayout(self._buttons())

    def _form(self) -> QFormLayout:
        self.format_box, self.only_box = QComboBox(), QComboBox()
        for entry in FORMATS.values():
            self.format_box.addItem(f"{entry.name}: {entry.description}", entry.name)
        for only, (title, _) in ONLY.items():
            self.only_box.addItem(title, only)
        self.every_box = QSpinBox()
        self.every_box.setRange(1, max(self._session.n_frames, 1))
        self.every_box.setToolTip(
            "Takes every so many-th frame, and all frames labelled by hand: successive frames look "
            "alike and teach a network little."
        )
        self.scorer_edit = QLineEdit(login_name())
        self.scorer_edit.setToolTip("Whose labels they are; DeepLabCut asks for it.")
        self.folder_edit, self.browse_button = QLineEdit(), QPushButton("Choose ...")
        folder = QHBoxLayout()
        folder.addWidget(self.folder_edit, 1)
        folder.addWidget(self.browse_button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Format", self.format_box)
        form.addRow("Labels", self.only_box)
        form.addRow("One frame in", self.every_box)
        form.addRow("Scorer", self.scorer_edit)
        form.addRow("Folder", folder)
        return form

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
            (self.format_box, "format_choice"),
            (self.only_box, "only_choice"),
            (self.folder_edit, "folder_field"),
            (self.table, "preview"),
            (self.problem_label, "problem"),
            (self.export_button, "write_button"),
            (self.result_label, "outcome"),
        ):
            part.setObjectName(name)

    def _connect(self) -> None:
        session = self._session
        self.links = Links()
        self.links.add(
            (self.format_box.currentIndexChanged, self._format_chosen),
            (self.only_box.currentIndexChanged, self._changed),
            (self.every_box.valueChanged, self._changed),
            (self.scorer_edit.textChanged, self._changed),
            (self.folder_edit.textChanged, self._changed),
            (self.folder_edit.textEdited, self._folder_typed),
            (self.browse_button.clicked, self._browse),
            (self._timer.timeout, self._look),
            (self._previewer.done, self._show_preview),
            (self._previewer.failed, self._show_problem),
            (self._exporter.progressed, self._show_progress),
            (self._exporter.done, self._show_result),
            (self._exporter.failed, self._show_end),
            (self._exporter.cancelled, self._cancelled),
            (self._exporter.busy_changed, self._refresh),
            (self.export_button.clicked, self.export),
            (self.cancel_button.clicked, self._exporter.cancel),
            (self.open_button.clicked, self._open_folder),
            (self.close_button.clicked, self.close),
            (session.edited, self._changed),
            (session.reloaded, self._changed),
        )

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop what is being written (nothing half is left behind) and disconnect everything."""
        self._timer.stop()
        self.links.cut()
        self._previewer.close()
        self._exporter.close()
        super().closeEvent(event)

    # What is chosen --------------------------------------------------------------------------

    @property
    def chosen_format(self) -> ExportFormat:
        """The chosen format."""
        return FORMATS[str(self.format_box.currentData())]

    @property
    def folder(self) -> Path | None:
        """The chosen folder, None while none is given."""
        text = self.folder_edit.text().strip()
        return Path(text).expanduser() if text else None

    @property
    def _choice(self) -> dict[str, Any]:
        return {
            "only": str(self.only_box.currentData()),
            "scorer": self.scorer_edit.text().strip(),
            "every": self.every_box.value(),
        }

    def choose(self, format_name: str) -> None:
        """Choose a format by its name."""
        self.format_box.setCurrentIndex(list(FORMATS).index(format_name))

    def _format_chosen(self) -> None:
        entry = self.chosen_format
        self.only_box.setCurrentIndex(self.only_box.findData(entry.default_only))
        if not self._folder_is_own:
            project = self._session.project
            name = safe_name(project.config.name, "session")
            place = project.folder.absolute().parent / f"{name}-{entry.name}"
            self.folder_edit.setText(str(place))
        self._changed()

    def _folder_typed(self) -> None:
        self._folder_is_own = True

    def _browse(self) -> None:
        start = self.folder or self._session.project.folder
        chosen = QFileDialog.getExistingDirectory(self, "Folder of the export", str(start.parent))
        if chosen:
            self._folder_is_own = True
            self.folder_edit.setText(chosen)

    # Preview ---------------------------------------------------------------------------------

    def _changed(self) -> None:
        self.only_box.setToolTip(ONLY[str(self.only_box.currentData())][1])
        self._preview = None
        self._refresh()
        if not self._exporter.busy:
            self._timer.start()

    def _look(self) -> None:
        session, name, out = self._session, self.chosen_format.name, self.folder
        choice = self._choice

        def look() -> Work:
            yield Progress(0, 0)
            return preview_export(session.project, session.state, name, out, **choice)

        self._previewer.start(look())

    def _show_preview(self, preview: ExportPreview) -> None:
        self._preview = preview
        self._fill_table(preview)
        points = f"\n{preview.points} 3D points" if preview.points and not self._only_2d else ""
        self.files_label.setText("\n".join(preview.files) + points)
        self.warnings_label.setText("\n".join(f"! {each}" for each in preview.warnings))
        self.warnings_label.setVisible(bool(preview.warnings))
        self._show_problem(preview.problem)

    @property
    def _only_2d(self) -> bool:
        return self.chosen_format.name == "dlc"

    def _fill_table(self, preview: ExportPreview) -> None:
        frames, labels = preview.frames or {}, preview.labels or {}
        self.table.setRowCount(len(frames))
        for row, camera in enumerate(frames):
            for column, text in enumerate((camera, str(frames[camera]), str(labels[camera]))):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(row, column, item)

    def _show_problem(self, sentence: str) -> None:
        self.problem_label.setText(sentence)
        self.problem_label.setVisible(bool(sentence))
        self._refresh()

    # Exporting -------------------------------------------------------------------------------

    def export(self) -> None:
        """Write what the preview shows, then read it back."""
        out = self.folder
        assert out is not None, "the button is disabled without a folder"
        self.result_label.clear()
        self._written = None
        self._stamp = _stamp(out)
        self._time_left = TimeLeft()
        project, name = self._session.project, self.chosen_format.name
        self._exporter.start(export_and_check(project, name, out, **self._choice))

    def _show_progress(self, step: Progress) -> None:
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        parts = (step.message, self._time_left.sentence(step))
        self.message.setText(" · ".join(part for part in parts if part))

    def _show_result(self, result: CheckedExport) -> None:
        report = result.report
        self._written = report.out
        frames = max(report.frames.values(), default=0)
        lines = [
            f"Wrote {sum(report.labels.values())} labels of up to {frames} frames a camera.",
            result.read_back.sentence,
            *(f"! {warning}" for warning in report.warnings),
        ]
        self._show_end("\n".join(lines))

    def _cancelled(self) -> None:
        out = self.folder
        if out is not None and _stamp(out) != self._stamp:
            self._written = out
            self._show_end("The export is complete, but reading it back was cancelled.")
        else:
            self._show_end("The export was cancelled; nothing was written.")

    def _show_end(self, sentence: str) -> None:
        self.result_label.setText(sentence)
        self._changed()

    def _open_folder(self) -> None:
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written)))

    def _refresh(self) -> None:
        busy = self._exporter.busy
        reason = self._reason()
        self.export_button.setEnabled(not reason)
        self.export_button.setToolTip(reason or "Writes the files and reads them back.")
        self.cancel_button.setEnabled(busy)
        self.cancel_button.setToolTip("" if busy else "Nothing is being written.")
        self.progress_part.setVisible(busy)
        self.open_button.setEnabled(self._written is not None and not busy)

    def _reason(self) -> str:
        """Why nothing can be exported now, "" if it can."""
        if self._exporter.busy:
            return "An export is being written."
        if self.folder is None:
            return "Choose a folder for the export."
        if self._preview is None:
            return "Looking at what will be written ..."
        return self._preview.problem


def _stamp(out: Path) -> int | None:
    """When the export in a folder was written, None if there is none."""
    try:
        return (out / MANIFEST).stat().st_mtime_ns
    except OSError:
        return None
