"""Where labels come from: the history of the selected one, and the project's journal."""

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.keypoint_panel import STATUS_WORDS
from napari_behaviorvlm.gui.widgets.style import ROW, Panel, Sentence, ago, button, column, row
from napari_behaviorvlm.io.project.store import Edit, StoredLabel

NEWEST = 200
"""Entries of the journal that are shown."""

WIDTHS = {"When": 84, "Who": 60, "View": 46, "Labels": 52}
"""Of columns, pixels; what was done takes the rest."""

SOURCE_WORDS = {
    Source.NONE: "", Source.HUMAN: "by hand", Source.GEOMETRIC: "from the geometric solver",
    Source.VLM: "from the vision-language model", Source.FUSED: "from the fused strategies",
}  # fmt: skip
"""Where a position came from, as a person says it."""


@dataclass(frozen=True)
class Entry:
    """One line of a label's history.

    Parameters
    ----------
    created : str
        ISO 8601.
    author, view, action, outcome : str
        Who, in which view, did what, and what stood there afterwards.
    undone : bool
    """

    created: str
    author: str
    view: str
    action: str
    outcome: str
    undone: bool


def entries_of(session: LabellingSession) -> list[Entry]:
    """Collect what was done to the selected label, or keypoint of all views; newest first."""
    selection = session.selection
    cameras = range(len(session.rig)) if selection.camera < 0 else (selection.camera,)
    found: list[tuple[int, Entry]] = []
    for camera in cameras:
        for edit, label in session.history((session.frame, camera, selection.keypoint)):
            found.append((edit.id, _entry(edit, label, session.rig.names[camera])))
    return [entry for _, entry in sorted(found, key=lambda pair: -pair[0])]


def _entry(edit: Edit, label: StoredLabel | None, view: str) -> Entry:
    return Entry(edit.created, edit.author, view, edit.action, outcome_words(label), edit.undone)


def outcome_words(label: StoredLabel | None) -> str:
    """Say what a decision left there: "corrected, dot 4, by hand"."""
    if label is None:
        return "no decision: as proposed"
    dot = f"dot {label.candidate}" if label.candidate else ""
    place = dot if dot or label.x is None else f"at {label.x:.0f}, {label.y:.0f}"
    source = SOURCE_WORDS[label.source] if label.x is not None else ""
    return ", ".join(part for part in (STATUS_WORDS[label.status], place, source) if part)


def label_words(session: LabellingSession) -> str:
    """Say what the selected label is now, in a sentence."""
    selection, frame = session.selection, session.frame
    name = session.skeleton.keypoints[selection.keypoint]
    if selection.camera < 0:
        seen = int(np.isin(session.labels.status[frame, :, selection.keypoint], LABELLED).sum())
        return f"{name}, frame {frame}: labelled in {seen} of {len(session.rig)} views."
    cell = (frame, selection.camera, selection.keypoint)
    status, source = Status(int(session.labels.status[cell])), int(session.labels.source[cell])
    words = [STATUS_WORDS[status], SOURCE_WORDS[Source(source)] if status in LABELLED else ""]
    number, sure = int(session.labels.candidate[cell]), float(session.labels.confidence[cell])
    if number and status in LABELLED:
        words.append(f"dot {number}")
    if status == Status.PROPOSED and not np.isnan(sure):
        words.append(f"{100 * sure:.0f} % sure")
    about = ", ".join(word for word in words if word)
    return f"{name} in {session.rig.names[selection.camera]}, frame {frame}: {about}."


class HistoryPanel(Panel):
    """History of the selected label, the journal, undo and redo.

    Nothing is read from disk while the panel is not seen.

    Parameters
    ----------
    flow : LabelFlow
    """

    def __init__(self, flow: LabelFlow) -> None:
        super().__init__("history_panel")
        self._session = session = flow.session
        self._stale = True
        self.now = Sentence(name="label_now")
        self.label_list = _table(("When", "Who", "View", "What"), "label_history")
        self.journal = _table(("When", "Who", "What", "Labels"), "journal")
        self.undo = button("Undo", "Takes the newest edit back, also of earlier days (Ctrl+Z).")
        self.redo = button("Redo", "Makes the undone edit again (Ctrl+Shift+Z).")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(60)
        layout = column(self)
        for part in (self.now, self.label_list):
            layout.addWidget(part)
        layout.addWidget(Sentence("All edits of this project"))
        layout.addWidget(self.journal, 1)
        layout.addLayout(row(self.undo, self.redo))
        self.links.add(
            (session.frame_changed, self.refresh),
            (session.selection_changed, self.refresh),
            (session.edited, self.refresh),
            (session.reloaded, self.refresh),
            (self._later.timeout, self.read),
            (self.undo.clicked, flow.undo),
            (self.redo.clicked, flow.redo),
        )

    def let_go(self) -> None:
        """Disconnect everything."""
        self._later.stop()
        super().let_go()

    def refresh(self, *_: object) -> None:
        """Read anew in a moment, once, if the panel is seen."""
        self._stale = True
        if self.isVisible():
            self._later.start()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Catch up with what happened while nobody looked."""
        super().showEvent(event)
        if self._stale and len(self.links):
            self.read()

    def read(self) -> None:
        """Read the history and the journal."""
        self._stale = False
        self.now.setText(label_words(self._session))
        self.label_list.clear()
        for entry in entries_of(self._session):
            item = _item(
                entry.created, entry.author, entry.view, f"{entry.action}: {entry.outcome}"
            )
            _strike(item, undone=entry.undone)
            self.label_list.addTopLevelItem(item)
        if not self.label_list.topLevelItemCount():
            self.label_list.addTopLevelItem(QTreeWidgetItem(["", "", "", "No person changed it."]))
        self._read_journal()

    def _read_journal(self) -> None:
        self.journal.clear()
        edits = self._session.project.store.journal(NEWEST)
        for edit in edits:
            item = _item(edit.created, edit.author, edit.action, str(edit.cells))
            _strike(item, undone=edit.undone)
            self.journal.addTopLevelItem(item)
        done, undone = any(not e.undone for e in edits), any(e.undone for e in edits)
        _enable(self.undo, done, "There is nothing to undo.")
        _enable(self.redo, undone, "There is nothing to redo.")


def _table(headings: tuple[str, ...], name: str) -> QTreeWidget:
    table = QTreeWidget()
    table.setObjectName(name)
    table.setHeaderLabels(list(headings))
    table.setRootIsDecorated(False)
    table.setUniformRowHeights(True)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setMinimumHeight(3 * ROW)
    heading = table.header()
    heading.setStretchLastSection(False)
    heading.setMinimumSectionSize(30)
    heading.setSectionResizeMode(headings.index("What"), QHeaderView.ResizeMode.Stretch)
    for at, title in enumerate(headings):
        if title in WIDTHS:
            table.setColumnWidth(at, WIDTHS[title])
    return table


def _item(created: str, *texts: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([ago(created), *texts])
    item.setToolTip(0, created)
    for at, text in enumerate(texts, start=1):
        item.setToolTip(at, text)
    return item


def _strike(item: QTreeWidgetItem, *, undone: bool) -> None:
    """Strike through what was undone."""
    font = item.font(0)
    font.setStrikeOut(undone)
    for at in range(item.columnCount()):
        item.setFont(at, font)


def _enable(undo: QPushButton, possible: bool, why_not: str) -> None:
    tip = undo.property("tip") or undo.toolTip()
    undo.setProperty("tip", tip)
    undo.setEnabled(possible)
    undo.setToolTip(tip if possible else why_not)
