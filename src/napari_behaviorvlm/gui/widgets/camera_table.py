"""Which video belongs to which camera, to be looked over and changed row by row."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_behaviorvlm.gui.models.project_draft import CHANNELS, ProjectDraft
from napari_behaviorvlm.io.video import VideoInfo
from napari_behaviorvlm.workflows.create_check import Verdict

FOUND_WIDTH = 190

NONE, OTHER = "-", "choose a file ..."


class CameraTable(QTableWidget):
    """One row a camera: its name, its video, its dots video, and what they are."""

    chosen = Signal(str, str, object)
    """Channel, camera, path or None."""
    other_wanted = Signal(str, str)
    """Channel and camera for which a file is to be asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(["camera", "video", "dots video", "found"])
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.setColumnWidth(3, FOUND_WIDTH)
        self._cameras: tuple[str, ...] = ()

    def show_draft(self, draft: ProjectDraft, verdict: Verdict | None) -> None:
        """Show a draft, and what was found in its videos once that is known."""
        if draft.cameras != self._cameras:
            self._make_rows(draft.cameras)
        videos = {} if verdict is None else verdict.videos
        self.setVisible(bool(draft.cameras))
        assigned = {channel: draft.assigned(channel) for channel in CHANNELS}
        for row, camera in enumerate(draft.cameras):
            paths = [assigned[channel].get(camera) for channel in CHANNELS]
            for column, (channel, path) in enumerate(zip(CHANNELS, paths, strict=True), 1):
                _offer(self.cellWidget(row, column), draft.files.get(channel, ()), path)
            words = _found(paths, videos)
            self.item(row, 3).setText(words)
            self.item(row, 3).setToolTip(words)

    def _make_rows(self, cameras: tuple[str, ...]) -> None:
        self._cameras = cameras
        self.setRowCount(0)
        self.setRowCount(len(cameras))
        for row, camera in enumerate(cameras):
            self.setItem(row, 0, QTableWidgetItem(camera))
            self.setItem(row, 3, QTableWidgetItem())
            for column, channel in enumerate(CHANNELS, 1):
                box = QComboBox()
                box.setSizeAdjustPolicy(
                    QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
                )
                box.activated.connect(partial(self._activated, box, channel, camera))
                self.setCellWidget(row, column, box)
        self._fit_height()

    def _activated(self, box: QComboBox, channel: str, camera: str, _: int = 0) -> None:
        data = box.currentData()
        if data == OTHER:
            self.other_wanted.emit(channel, camera)
        else:
            self.chosen.emit(channel, camera, None if data is None else Path(data))

    def _fit_height(self) -> None:
        """Be as high as the rows: the form around the table scrolls."""
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        self.setFixedHeight(height + sum(self.rowHeight(row) for row in range(self.rowCount())))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)


def _offer(box: QComboBox, files: Sequence[Path], current: Path | None) -> None:
    """Let a box offer some files and show the current one."""
    was_blocked = box.blockSignals(True)
    box.clear()
    box.addItem(NONE, None)
    for path in files:
        box.addItem(path.name, str(path))
        box.setItemData(box.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
    box.addItem(OTHER, OTHER)
    box.setCurrentIndex(0 if current is None else box.findData(str(current)))
    box.setToolTip("No file yet." if current is None else str(current))
    box.blockSignals(was_blocked)


def _found(paths: list[Path | None], videos: Mapping[Path, VideoInfo | str]) -> str:
    """Sizes and frame counts of a camera's videos; one text where they are alike."""
    known = [videos[path] for path in paths if path is not None and path in videos]
    words = [
        "cannot be read" if isinstance(info, str)
        else f"{info.size[0]} x {info.size[1]}, {info.n_frames} frames"
        for info in known
    ]  # fmt: skip
    return " / ".join(dict.fromkeys(words))
