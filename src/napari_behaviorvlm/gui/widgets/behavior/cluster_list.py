"""Clusters in a list, each with its name, how much of it there is, and pictures of its clips."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
)

from napari_behaviorvlm.gui.models.cluster_summary import ClusterSummary
from napari_behaviorvlm.gui.widgets.behavior.timeline_painter import fill_label

THUMB = 56
PAD = 4
WORDS = 128
"""Width of what is written left of the pictures."""

_CHOSEN, _INK, _FAINT = QColor("#3b4a63"), QColor("#e8ebee"), QColor("#9aa5b0")
_SLOT, _RIM = QColor("#262b31"), QColor("#ffffff")
_DATA = 256  # Qt.ItemDataRole.UserRole, whose spelling differs between bindings


class ClusterList(QListWidget):
    """The contact sheet: a row per cluster; several rows can be chosen.

    Parameters
    ----------
    look : callable
        Gives the look of a label.
    """

    chosen = Signal(list)
    """Numbers of the chosen clusters, by the person and not by the program."""

    def __init__(self, look: Any) -> None:
        super().__init__()
        self.setObjectName("cluster_list")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setUniformItemSizes(True)
        self.thumbs: dict[int, QPixmap] = {}
        self.seconds = 1.0
        """Of a frame."""
        self.current_cluster = -1
        """Of the bout that is chosen in the timeline; marked by a rim."""
        self.setItemDelegate(_Delegate(self, look))
        self.itemSelectionChanged.connect(lambda: self.chosen.emit(self.numbers))

    @property
    def numbers(self) -> list[int]:
        """Numbers of the chosen clusters."""
        return sorted(item.data(_DATA).number for item in self.selectedItems())

    def show_clusters(self, clusters: Sequence[ClusterSummary], chosen: frozenset[int]) -> None:
        """List clusters anew; where the list is scrolled to stays."""
        bar = self.verticalScrollBar()
        before = bar.value()
        self.blockSignals(True)
        self.clear()
        for cluster in clusters:
            item = QListWidgetItem()
            item.setData(_DATA, cluster)
            item.setToolTip(_told(cluster, self.seconds))
            item.setSizeHint(QSize(200, THUMB + 2 * PAD))
            self.addItem(item)
            item.setSelected(cluster.number in chosen)
        self.blockSignals(False)
        bar.setValue(before)

    def mark(self, cluster: int, *, scroll: bool) -> None:
        """Mark the cluster of the bout that is chosen in the timeline."""
        self.current_cluster = cluster
        if scroll:
            self.bring_current()
        self.viewport().update()

    def bring_current(self) -> None:
        """Bring the marked cluster into sight."""
        for at in range(self.count()):
            if self.item(at).data(_DATA).number == self.current_cluster:
                self.scrollToItem(self.item(at))


class _Delegate(QStyledItemDelegate):
    def __init__(self, view: ClusterList, look: Any) -> None:
        super().__init__(view)
        self._view, self._look = view, look
        self._bold = QFont(view.font())
        self._bold.setBold(True)

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        """Draw a row."""
        cluster, area = index.data(_DATA), QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, _CHOSEN)
        self._words(painter, cluster, area)
        x = area.left() + WORDS
        for clip in cluster.examples:
            slot = QRectF(x, area.top() + PAD, THUMB, THUMB)
            if slot.right() > area.right():
                break
            thumb = self._view.thumbs.get(clip)
            if thumb is None:
                painter.fillRect(slot, _SLOT)
            else:
                painter.drawPixmap(slot, thumb, QRectF(thumb.rect()))
            x += THUMB + 3
        if cluster.number == self._view.current_cluster:
            painter.setPen(_RIM)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(1, 1, -2, -2))
        painter.restore()

    def _words(self, painter: QPainter, cluster: ClusterSummary, area: QRectF) -> None:
        left, room = area.left() + PAD + 2, WORDS - PAD - 6
        swatch = QRectF(left, area.top() + 8, 12, 12)
        if cluster.label:
            fill_label(painter, swatch, self._look(cluster.label))
        left_of_text = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        metrics = QFontMetrics(self._bold)
        name = metrics.elidedText(
            cluster.label or "no name", Qt.TextElideMode.ElideRight, int(room - 18)
        )
        painter.setFont(self._bold)
        painter.setPen(_INK)
        painter.drawText(QRectF(left + 18, area.top() + 4, room - 18, 20), left_of_text, name)
        painter.setFont(self._view.font())
        painter.setPen(_FAINT)
        seconds = cluster.frames * self._view.seconds
        for at, text in enumerate((
            f"cluster {cluster.number}", f"{_clips(cluster.clips)}, {seconds:.0f} s"
        )):  # fmt: skip
            painter.drawText(QRectF(left, area.top() + 23 + 17 * at, room, 18), left_of_text, text)


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number} clips"


def _told(cluster: ClusterSummary, seconds: float) -> str:
    told = f"Cluster {cluster.number}: {_clips(cluster.clips)}, {cluster.frames * seconds:.1f} s"
    if not cluster.label:
        return f"{told}.\nNothing is named in it."
    return f"{told}.\n{100 * cluster.share:.0f} % of it is called {cluster.label!r} now."
