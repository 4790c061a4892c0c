"""The form that makes a project of one's own videos, and says at once what does not fit."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.project_draft import ProjectDraft
from napari_behaviorvlm.gui.widgets.camera_table import CameraTable
from napari_behaviorvlm.gui.widgets.frame_choice import sentence_label
from napari_behaviorvlm.gui.workers import Work, Worker
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.workflows.create import create_project
from napari_behaviorvlm.workflows.create_check import Looked, Verdict, find_problems
from napari_behaviorvlm.workflows.seed import seed

UNITS = ("mm", "cm", "m", "px")
CHECK_DELAY = 200
"""Milliseconds after the last change until everything is checked anew."""

PROBLEMS_HEIGHT = 130
"""Pixels that sentences about problems may take before they scroll."""

_VIDEOS = "Videos (*.mp4 *.avi *.mkv *.mov *.m4v *.webm *.mpg *.h264);;All files (*)"


class NewProjectDialog(QDialog):
    """Asks for folder, calibration and videos, checks them together, and makes the project.

    Parameters
    ----------
    parent : QWidget, optional
    calibration : Path, optional
        Filled in from the start.
    """

    created = Signal(object)
    """Folder (`Path`) of the project that was made."""

    def __init__(self, parent: QWidget | None = None, *, calibration: Path | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("behaviorvlm_new_project")
        self.setWindowTitle("New project")
        self.setAcceptDrops(True)
        self.draft = ProjectDraft()
        self._looked: Looked = {}
        self._verdict: Verdict | None = None
        self._checker, self._maker = Worker(parent=self), Worker("New project", parent=self)
        self._timer = QTimer(self, singleShot=True, interval=CHECK_DELAY)
        self._build()
        self._connect()
        if calibration is not None:
            self.form.calibration.value = calibration
        self._form_changed()
        self.resize(760, 680)

    # Building --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.form = ProjectForm()
        self.table = CameraTable()
        self.unused_label, self.problem_label = sentence_label(), sentence_label()
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.addWidget(self.form)
        layout.addLayout(self._video_buttons())
        layout.addWidget(self.table)
        layout.addWidget(self.unused_label)
        layout.addStretch(1)
        # Many sentences scroll too: the buttons below must stay on small screens.
        self._problems = _scrolled(self.problem_label)
        self._problems.setMaximumHeight(PROBLEMS_HEIGHT)
        whole = QVBoxLayout(self)
        whole.addWidget(_scrolled(inner), 1)
        whole.addWidget(self._problems)
        whole.addLayout(self._buttons())

    def _video_buttons(self) -> QHBoxLayout:
        self.add_videos = QPushButton("Add videos ...")
        self.add_videos.setToolTip("One per camera; each goes to the camera its name contains.")
        self.add_dots = QPushButton("Add dots videos ...")
        self.add_dots.setToolTip(
            "Fluorescence videos, in which the dots glow. Without them dots are looked for in the "
            "videos."
        )
        row = QHBoxLayout()
        row.addWidget(QLabel("Files may also be dropped here."), 1)
        row.addWidget(self.add_videos)
        row.addWidget(self.add_dots)
        return row

    def _buttons(self) -> QHBoxLayout:
        self.bar = QProgressBar()
        self.bar.hide()
        self.create_button, self.close_button = QPushButton("Create"), QPushButton("Close")
        self.create_button.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.bar)
        row.addStretch(1)
        row.addWidget(self.create_button)
        row.addWidget(self.close_button)
        return row

    def _connect(self) -> None:
        self.links = Links()
        self.links.add(
            (self.form.changed, self._form_changed),
            (self.add_videos.clicked, partial(self._browse, "videos")),
            (self.add_dots.clicked, partial(self._browse, "fluorescence")),
            (self.table.chosen, self._choose),
            (self.table.other_wanted, self._choose_other),
            (self._timer.timeout, self._check),
            (self._checker.progressed, self._show_looking),
            (self._checker.done, self._show_verdict),
            (self._checker.failed, self._say),
            (self._maker.progressed, self._show_progress),
            (self._maker.done, self._made),
            (self._maker.failed, self._not_made),
            (self.create_button.clicked, self.create),
            (self.close_button.clicked, self.close),
        )

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop what runs and disconnect everything; a dialog that was closed is not used again."""
        self._timer.stop()
        self.links.cut()
        self._checker.close()
        self._maker.close()
        super().closeEvent(event)
        self.deleteLater()

    # Filling in ------------------------------------------------------------------------------

    def _form_changed(self) -> None:
        form = self.form
        self.draft = replace(
            self.draft,
            folder=_path(form.folder), calibration=_path(form.calibration),
            skeleton=_path(form.skeleton), seeds=_path(form.seeds),
            unit=form.unit.value, shortest=form.shortest.value,
            cameras=_camera_names(_path(form.calibration)),
        )  # fmt: skip
        self._changed()

    def add_files(self, channel: str, files: list[Path]) -> None:
        """Add videos ("videos") or dots videos ("fluorescence")."""
        self.draft = self.draft.with_files(channel, files)
        self._changed()

    def _browse(self, channel: str) -> None:
        start = str((self.draft.calibration or Path.home()).parent)
        chosen, _ = QFileDialog.getOpenFileNames(self, "Choose videos", start, _VIDEOS)
        if chosen:
            self.add_files(channel, [Path(path) for path in chosen])

    def _choose(self, channel: str, camera: str, path: Path | None) -> None:
        self.draft = self.draft.with_choice(channel, camera, path)
        self._changed()

    def _choose_other(self, channel: str, camera: str) -> None:
        start = str((self.draft.calibration or Path.home()).parent)
        chosen, _ = QFileDialog.getOpenFileName(self, f"Video of {camera}", start, _VIDEOS)
        if chosen:
            self.draft = self.draft.with_choice(channel, camera, Path(chosen))
        self._changed()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        if event is not None and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take a calibration as calibration, a table as seeds, everything else as videos."""
        if event is None:
            return
        videos = []
        for path in (Path(url.toLocalFile()) for url in event.mimeData().urls()):
            field = _field_of(path)
            if field is None:
                videos.append(path)
            else:
                getattr(self.form, field).value = path
        if videos:
            self.add_files("videos", videos)

    # Checking --------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._verdict = None
        self.table.show_draft(self.draft, None)
        unused = [path.name for channel in self.draft.files for path in self.draft.unused(channel)]
        self.unused_label.setText(
            f"No camera has {', '.join(unused)}: choose it in the table." if unused else ""
        )
        self.unused_label.setVisible(bool(unused))
        self._refresh()
        self._timer.start()

    def _show_looking(self, step: Progress) -> None:
        self._say(f"{step.message} ({step.done + 1} of {step.total}) ...")

    def _check(self) -> None:
        draft = self.draft
        self._checker.start(find_problems(draft.request(), draft.seeds, self._looked))

    def _show_verdict(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self.table.show_draft(self.draft, verdict)
        many = len(verdict.problems) > 1
        self._say("\n".join(f"{'• ' if many else ''}{each}" for each in verdict.problems))
        self._refresh()

    def _say(self, sentences: str) -> None:
        self.problem_label.setText(sentences)
        self._problems.setVisible(bool(sentences))

    def _refresh(self) -> None:
        if self._maker.busy:
            reason = "The project is being made."
        elif self._verdict is None:
            reason = "Looking at the files ..."
        else:
            reason = "\n".join(self._verdict.problems)
        self.create_button.setEnabled(not reason)
        self.create_button.setToolTip(reason or "Makes the project and opens it.")

    # Making ----------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the project."""
        self.form.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        self._maker.start(_make(self.draft))
        self._refresh()

    def _show_progress(self, step: Progress) -> None:
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)

    def _made(self, folder: Path) -> None:
        self.created.emit(folder)
        self.close()

    def _not_made(self, sentence: str) -> None:
        self.bar.hide()
        self.form.setEnabled(True)
        self._say(sentence)
        self._refresh()


def _make(draft: ProjectDraft) -> Work:
    with (yield from create_project(draft.request())) as project:
        if draft.seeds is not None:
            yield Progress(0, 0, "taking the seeds")
            seed(project, draft.seeds)
        return project.folder


class ProjectForm(QWidget):
    """The fields of a new project but its videos, made by magicgui.

    Attributes are named after the fields of `ProjectDraft`.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        from magicgui.widgets import CheckBox, ComboBox, FileEdit

        self.folder = FileEdit(mode="d", nullable=True)
        self.calibration = FileEdit(mode="r", nullable=True)
        self.skeleton = FileEdit(mode="r", nullable=True, filter="*.toml")
        self.seeds = FileEdit(mode="r", nullable=True, filter="*.csv *.parquet")
        self.unit = ComboBox(choices=UNITS, value="mm")
        self.shortest = CheckBox(value=False, text="Use only the frames that all videos have")
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field, (label, about) in zip(self._fields, _FIELD_WORDS, strict=True):
            field.native.setToolTip(about)
            field.changed.connect(self._changed)
            layout.addRow(label, field.native)

    @property
    def _fields(self) -> tuple[Any, ...]:
        return (
            self.folder, self.calibration, self.skeleton, self.seeds, self.unit, self.shortest,
        )  # fmt: skip

    def _changed(self) -> None:
        self.changed.emit()


_FIELD_WORDS = (
    ("Project folder", "A new folder: choose its place and type its name after it."),
    ("Calibration", "anipose toml, Label3D/DANNCE mat, OpenCV or JARVIS yaml, SLEAP session."),
    ("Skeleton (optional)", "skeleton.toml; without one, the twelve-point mouse."),
    (
        "Seeds (optional)",
        "Table of frame, camera, keypoint, x, y; without one, label some frames in the dock.",
    ),
    ("Unit of lengths", "In which the calibration measures."),
    ("", "For recordings whose cameras stopped at different times."),
)


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(widget)
    return area


def _path(field: Any) -> Path | None:
    """Return what stands in a field, None where it is empty."""
    text = str(field.line_edit.value or "").strip()
    return Path(text).expanduser() if text else None


def _camera_names(calibration: Path | None) -> tuple[str, ...]:
    if calibration is None:
        return ()
    try:
        return tuple(read_calibration(calibration).names)
    except BehaviorVLMError:
        return ()  # the check says what is wrong with it


def _field_of(path: Path) -> str | None:
    """Which field of the form a dropped file belongs to, None for videos."""
    if path.suffix.lower() in {".csv", ".parquet"}:
        return "seeds"
    if path.name == "skeleton.toml":
        return "skeleton"
    return "calibration" if path.suffix.lower() in {".toml", ".mat", ".yaml", ".yml"} else None
