"""The labels in use: their looks, how much of each there is, and what a click does with them."""

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from napari_behaviorvlm.core.label_looks import LOOKS
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession, Filter
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import fill_label
from napari_behaviorvlm.gui.widgets.style import Panel, Sentence, button, column, row

SWATCH = QSize(26, 14)


class LabelPanel(Panel):
    """A line per label; choosing lines shows only their bouts, a double click renames everywhere.

    Parameters
    ----------
    session : BehaviorSession
    flow : BoutFlow
    """

    rename_wanted = Signal(str)

    def __init__(self, session: BehaviorSession, flow: BoutFlow) -> None:
        super().__init__("labels")
        self._session, self._flow = session, flow
        self.table = QTreeWidget()
        self.table.setObjectName("label_table")
        self.table.setHeaderLabels(["", "Label", "Bouts", "Time", "Share"])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setIconSize(SWATCH)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        self.apply = button("Name chosen bouts", "Gives the chosen bouts this label (its digit).")
        self.rename = button("Rename everywhere ...", "Another word for it, in all recordings.")
        self.all = button("Show all", "Stops looking for single labels.")
        self.rest = Sentence(name="label_rest")
        layout = column(self)
        layout.addWidget(Sentence(
            "Choose labels to see only theirs in the timeline. The digit names a chosen bout."
        ))  # fmt: skip
        layout.addWidget(self.table, 1)
        layout.addWidget(self.rest)
        layout.addLayout(row(self.apply, self.rename, self.all))
        self.links.add(
            (session.edited, self.refresh), (session.reloaded, self.refresh),
            (self.table.itemSelectionChanged, self._filter),
            (self.table.itemDoubleClicked, self._renamed),
            (self.apply.clicked, self._apply), (self.rename.clicked, self._rename),
            (self.all.clicked, self._show_all), (session.filtered, self._enable),
        )  # fmt: skip
        self.refresh()

    @property
    def chosen(self) -> list[str]:
        """Labels of the chosen lines."""
        return [item.data(1, _LABEL) for item in self.table.selectedItems()]

    def refresh(self, *_: object) -> None:
        """List the labels anew."""
        chosen = set(self._session.filter.labels)
        totals = self._session.totals()
        frames = max(sum(total.frames for total in totals.values()), 1)
        self.table.blockSignals(True)
        self.table.clear()
        for at, label in enumerate(self._flow.labels):
            total = totals[label]
            seconds = total.frames / self._session.fps
            digit = f"{at + 1} " if at < 9 else ""
            item = QTreeWidgetItem([
                "", digit + label, str(total.bouts), f"{seconds:.1f} s",
                f"{100 * total.frames / frames:.0f} %",
            ])  # fmt: skip
            item.setData(1, _LABEL, label)
            item.setIcon(0, swatch(self._session.looks.place(label)))
            for at_right in (2, 3, 4):
                item.setTextAlignment(
                    at_right, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                )
            self.table.addTopLevelItem(item)
            item.setSelected(label in chosen)
        self.table.blockSignals(False)
        self.rest.setText(self._rest(frames) if totals else "")
        self._enable()

    def _rest(self, labelled: int) -> str:
        """Say how much is not labelled, and how much nobody could label."""
        session = self._session
        seen = sum(session.frames_seen(at) for at in range(len(session.animals)))
        unseen = session.n_frames * len(session.animals) - seen
        rest = max(seen - labelled, 0)
        words = f"Not labelled: {rest / session.fps:.1f} s (U goes to the next such stretch)."
        return f"{words} Not seen: {unseen / session.fps:.1f} s." if unseen else words

    def _filter(self) -> None:
        words = self._session.filter.words
        self._session.look_for(Filter(frozenset(self.chosen), words))
        self._enable()

    def _enable(self, *_: object) -> None:
        one = len(self.chosen) == 1
        self.apply.setEnabled(one)
        self.rename.setEnabled(one)
        self.all.setEnabled(bool(self._session.filter.labels))

    def _show_all(self, *_: object) -> None:
        self.table.clearSelection()

    def _apply(self, *_: object) -> None:
        self._flow.name(self.chosen[0])

    def _rename(self, *_: object) -> None:
        self.rename_wanted.emit(self.chosen[0])

    def _renamed(self, item: QTreeWidgetItem, *_: object) -> None:
        self.rename_wanted.emit(item.data(1, _LABEL))


_LABEL = 256  # Qt.ItemDataRole.UserRole, whose spelling differs between bindings


def swatch(place: int) -> QIcon:
    """Draw the look of a label."""
    assert 0 <= place < len(LOOKS)
    picture = QPixmap(SWATCH)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    fill_label(painter, QRectF(0, 0, SWATCH.width(), SWATCH.height()), place)
    painter.end()
    return QIcon(picture)
