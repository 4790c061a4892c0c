"""The export dialog of the behaviour dock: bouts for other programs."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.frame_choice import sentence_label
from napari_behaviorvlm.gui.widgets.style import ROW
from napari_behaviorvlm.gui.widgets.writing_dialog import WritingDialog
from napari_behaviorvlm.gui.workers import Work
from napari_behaviorvlm.io.ethogram import FORMATS, EthogramFormat
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.start_time import parse_start
from napari_behaviorvlm.workflows.behavior.exporting import (
    BehaviorExport,
    BehaviorExportPreview,
    BehaviorExportReport,
    export_behavior,
    preview_behavior_export,
)

LEVELS = {"events": "Events: the named bouts", "clips": "Clips: what events were made from"}
ONLY = {
    "all": "Everything",
    "accepted": "Only what a person made or accepted",
}  # fmt: skip
_ALL = ""


class BehaviorExportDialog(WritingDialog):
    """Chooses a format and a place, shows what will be written, and writes it.

    Parameters
    ----------
    session : BehaviorSession
    parent : QWidget, optional
    """

    def __init__(self, session: BehaviorSession, parent: QWidget | None = None) -> None:
        self._session = session
        super().__init__("Export behaviour", ("file", "recordings", "bouts"), parent)
        self._connect()
        self._suggest()
        self.resize(620, 480)

    def fill_form(self, form: QFormLayout) -> None:
        """Add what can be chosen to a form."""
        for entry in FORMATS.values():
            self.format_box.addItem(entry.title, entry.name)
        self.about = sentence_label()
        self.about.setFixedHeight(2 * ROW)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.began_edit = QLineEdit()
        self.began_edit.setPlaceholderText("as the file's time tells; else like 2026-05-01T14:30")
        self.began_label = QLabel("Recording began")
        self.level_box, self.only_box, self.which_box = QComboBox(), QComboBox(), QComboBox()
        for box, entries in ((self.level_box, LEVELS), (self.only_box, ONLY)):
            for key, words in entries.items():
                box.addItem(words, key)
        names = [one.name for one in self._session.folder.recordings]
        self.which_box.addItem(f"All {len(names)} recordings", _ALL)
        for name in names:
            self.which_box.addItem(name, name)
        self.replace_box = QCheckBox("Replace files that are there already")
        self.place_label = QLabel("File")
        form.addRow("", self.about)
        form.addRow("Of each animal", self.level_box)
        form.addRow("Which", self.only_box)
        if len(names) > 1:
            form.addRow("Recordings", self.which_box)
        form.addRow(self.began_label, self.began_edit)
        form.addRow(self.place_label, self.place_row)
        form.addRow("", self.replace_box)

    def _connect(self) -> None:
        session = self._session
        self.links.add(
            (self.format_box.currentIndexChanged, self._suggest),
            (self.which_box.currentIndexChanged, self._suggest),
            (self.level_box.currentIndexChanged, self.changed),
            (self.only_box.currentIndexChanged, self.changed),
            (self.began_edit.textChanged, self.changed),
            (self.replace_box.toggled, self.changed),
            (self.browse_button.clicked, self._browse),
            (session.edited, self.changed), (session.reloaded, self.changed),
        )  # fmt: skip

    # What is chosen --------------------------------------------------------------------------

    @property
    def chosen_format(self) -> EthogramFormat:
        """The chosen format."""
        return FORMATS[str(self.format_box.currentData())]

    def choose(self, format_name: str) -> None:
        """Choose a format by its name."""
        self.format_box.setCurrentIndex(list(FORMATS).index(format_name))

    @property
    def _several(self) -> bool:
        """Whether there is a file for each of several recordings."""
        count = 1 if self.which_box.currentData() else self.which_box.count() - 1
        return count > 1 and not self.chosen_format.whole

    def _suggest(self, *_: object) -> None:
        """Say what a format holds, and suggest a place as long as a person chose none."""
        self.about.setText(self.chosen_format.description)
        for part in (self.began_label, self.began_edit):
            part.setVisible(self.chosen_format.timed)
        self.place_label.setText("Folder" if self._several else "File")
        if not self.place_is_own:
            folder, entry = self._session.folder, self.chosen_format
            which = str(self.which_box.currentData()) or (
                folder.config.name if self.which_box.count() > 2 else folder.recordings[0].name
            )
            name = safe_name(which, "behaviour")
            ending = f"-{entry.name}" if self._several else entry.ending
            self.folder_edit.setText(str(folder.folder.absolute().parent / f"{name}{ending}"))
        self.changed()

    def _browse(self) -> None:
        start = str(self.folder or self._session.folder.folder.parent)
        if self._several:
            place = QFileDialog.getExistingDirectory(self, "Folder of the export", start)
        else:
            place, _kind = QFileDialog.getSaveFileName(
                self, "File of the export", start, f"*{self.chosen_format.ending}",
                options=QFileDialog.Option.DontConfirmOverwrite,
            )  # fmt: skip
        self.choose_place(place)

    def _request(self, out: Path) -> BehaviorExport:
        which = str(self.which_box.currentData())
        return BehaviorExport(
            self.chosen_format.name, out, self.level_box.currentData(),
            self.only_box.currentData(), (which,) if which else (), self.replace_box.isChecked(),
            parse_start(self.began_edit.text()) if self.chosen_format.timed else None,
        )  # fmt: skip

    # Looking and writing -----------------------------------------------------------------------

    def look(self) -> Work:
        """Find out what would be written."""
        folder, out = self._session.folder, self.folder
        try:
            request = self._request(out or Path(self._session.recording.name))
        except ExportError as problem:
            refused = BehaviorExportPreview(problem=str(problem))
            return _known(refused)

        def look() -> Work:
            yield Progress(0, 0)
            return preview_behavior_export(folder, request, placed=out is not None)

        return look()

    def show_preview(self, preview: BehaviorExportPreview) -> str:
        """Show what would be written, and return what stands in the way."""
        self.fill_table([
            (one.path.name, ", ".join(one.recordings), str(one.bouts)) for one in preview.files
        ])  # fmt: skip
        self.show_files([], preview.warnings)
        if preview.problem and not self._has_events:
            return "There are no events yet: start in the tab Run."
        return preview.problem

    @property
    def _has_events(self) -> bool:
        return self.only_box.currentData() == "accepted" or bool(self._session.totals())

    def write(self, out: Path) -> Work:
        """Write it."""
        return export_behavior(self._session.folder, self._request(out))

    def told(self, result: BehaviorExportReport) -> tuple[str, Path]:
        """Say what was written, and where."""
        names = ", ".join(str(path) for path in result.files[:3])
        more = f" and {len(result.files) - 3} more" if len(result.files) > 3 else ""
        lines = [f"Wrote {result.bouts} bouts to {names}{more}.",
                 *(f"! {warning}" for warning in result.warnings)]  # fmt: skip
        return "\n".join(lines), result.files[0]


def _known(preview: BehaviorExportPreview) -> Work:
    yield Progress(0, 0)
    return preview
