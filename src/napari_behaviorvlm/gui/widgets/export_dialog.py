"""The export dialog of the labelling dock: what will be written, and reading it back."""

from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.writing_dialog import WritingDialog
from napari_behaviorvlm.gui.workers import Work
from napari_behaviorvlm.io.export import FORMATS, ExportFormat
from napari_behaviorvlm.io.export.destination import MANIFEST
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.start_time import parse_start
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


class ExportDialog(WritingDialog):
    """Chooses a format and a folder, shows what will be written, writes it and reads it back.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    tip = "Writes the files and reads them back."

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        self._session = session
        self._stamp: int | None = None
        super().__init__("Export labels", ("camera", "frames", "labels"), parent)
        self._connect()
        self._format_chosen()
        self.resize(620, 640)

    def fill_form(self, form: QFormLayout) -> None:
        """Add what can be chosen to a form."""
        self.only_box = QComboBox()
        self.only_box.setObjectName("only_choice")
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
        self.scorer_edit.setToolTip("Whose labels they are; the training formats name it.")
        self.start_label, self.start_edit = QLabel("Recording began"), QLineEdit()
        self.start_edit.setObjectName("start_field")
        self.start_edit.setPlaceholderText("2026-05-01 14:30 (empty: the time of the video files)")
        self.start_edit.setToolTip("In local time; NWB wants to know it.")
        form.addRow("Labels", self.only_box)
        form.addRow("One frame in", self.every_box)
        form.addRow("Scorer", self.scorer_edit)
        form.addRow(self.start_label, self.start_edit)
        form.addRow("Folder", self.place_row)

    def _connect(self) -> None:
        session = self._session
        self.links.add(
            (self.format_box.currentIndexChanged, self._format_chosen),
            (self.only_box.currentIndexChanged, self.changed),
            (self.every_box.valueChanged, self.changed),
            (self.scorer_edit.textChanged, self.changed),
            (self.start_edit.textChanged, self.changed),
            (self.browse_button.clicked, self._browse),
            (session.edited, self.changed),
            (session.reloaded, self.changed),
        )

    # What is chosen --------------------------------------------------------------------------

    @property
    def chosen_format(self) -> ExportFormat:
        """The chosen format."""
        return FORMATS[str(self.format_box.currentData())]

    @property
    def _choice(self) -> dict[str, Any]:
        return {
            "only": str(self.only_box.currentData()),
            "scorer": self.scorer_edit.text().strip(),
            "every": self.every_box.value(),
        }

    @property
    def _start(self) -> str:
        """When the recording began as it was typed, "" where the format does not ask."""
        return self.start_edit.text().strip() if self.chosen_format.name == "nwb" else ""

    def choose(self, format_name: str) -> None:
        """Choose a format by its name."""
        self.format_box.setCurrentIndex(list(FORMATS).index(format_name))

    def _format_chosen(self) -> None:
        entry = self.chosen_format
        self.result_label.clear()
        for part in (self.start_label, self.start_edit):
            part.setVisible(entry.name == "nwb")
        self.only_box.setCurrentIndex(self.only_box.findData(entry.default_only))
        if not self.place_is_own:
            project = self._session.project
            name = safe_name(project.config.name, "session")
            place = project.folder.absolute().parent / f"{name}-{entry.name}"
            self.folder_edit.setText(str(place))
        self.changed()

    def _browse(self) -> None:
        start = self.folder or self._session.project.folder
        self.choose_place(QFileDialog.getExistingDirectory(
            self, "Folder of the export", str(start.parent)
        ))  # fmt: skip

    # Preview ---------------------------------------------------------------------------------

    def changed(self, *_: object) -> None:
        """Look anew at what would be written."""
        self.only_box.setToolTip(ONLY[str(self.only_box.currentData())][1])
        super().changed()

    def look(self) -> Work:
        """Find out what would be written."""
        session, name, out = self._session, self.chosen_format.name, self.folder
        choice, start = self._choice, self._start

        def look() -> Work:
            yield Progress(0, 0)
            return preview_export(
                session.project, session.state, name, out, started=parse_start(start), **choice
            )

        return look()

    def show_preview(self, preview: ExportPreview) -> str:
        """Show what would be written, and return what stands in the way."""
        frames, labels = preview.frames or {}, preview.labels or {}
        self.fill_table([(camera, str(frames[camera]), str(labels[camera])) for camera in frames])
        points = preview.points and self.chosen_format.has_points
        more = [f"{preview.points} 3D points"] if points else []
        self.show_files([*preview.files, *more], preview.warnings)
        return preview.problem

    # Exporting -------------------------------------------------------------------------------

    def write(self, out: Path) -> Work:
        """Write it, and read it back."""
        self._stamp = _stamp(out)
        project, name = self._session.project, self.chosen_format.name
        return export_and_check(
            project, name, out, started=parse_start(self._start), **self._choice
        )

    def told(self, result: CheckedExport) -> tuple[str, Path]:
        """Say what was written, and where."""
        report = result.report
        frames = max(report.frames.values(), default=0)
        shown = self.warnings_label.text()
        lines = [
            f"Wrote {sum(report.labels.values())} labels of up to {frames} frames a camera.",
            result.read_back.sentence,
            *(f"! {warning}" for warning in report.warnings if warning not in shown),
        ]
        return "\n".join(lines), report.out

    def cancelled(self) -> str:
        """Say what is left of a cancelled export."""
        out = self.folder
        if out is not None and _stamp(out) != self._stamp:
            self.written = out
            return "The export is complete, but reading it back was cancelled."
        return super().cancelled()


def _stamp(out: Path) -> int | None:
    """When the export in a folder was written, None if there is none."""
    try:
        return (out / MANIFEST).stat().st_mtime_ns
    except OSError:
        return None
