"""The list of keypoints: how each is drawn, what is known of it in every view, its error."""

from enum import IntEnum
from typing import Any

import numpy as np
from qtpy.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QPointF,
    QRect,
    QSize,
    Qt,
)
from qtpy.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QToolTip,
    QWidget,
)

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.models.palette import Form, keypoint_looks
from napari_behaviorvlm.gui.models.session import Change, LabellingSession
from napari_behaviorvlm.gui.widgets.mark_painting import paint_cell, paint_flag, paint_mark
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, ROW, Colours, Panel, column, pixels
from napari_behaviorvlm.identity.flag_words import describe

SQUARE = 18
"""Width of a view's place in a row, pixels; narrower where there are many views."""

SWATCH = 24
ERROR = 46

STATUS_WORDS = {
    Status.UNLABELLED: "not labelled", Status.PROPOSED: "proposed", Status.ACCEPTED: "accepted",
    Status.CORRECTED: "corrected", Status.OCCLUDED: "hidden", Status.REJECTED: "deleted",
    Status.OUT_OF_VIEW: "out of view",
}  # fmt: skip
"""Statuses as a person says them."""


class Role(IntEnum):
    """What the model knows of a keypoint beside its name."""

    STATUSES = Qt.ItemDataRole.UserRole + 1 if isinstance(Qt.ItemDataRole.UserRole, int) else 257
    FLAGS = 258
    ERROR = 259


class KeypointModel(QAbstractListModel):
    """Keypoints of the session's current frame.

    Parameters
    ----------
    session : LabellingSession
    parent : QObject, optional
    """

    def __init__(self, session: LabellingSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._flagged = np.zeros((len(session.rig), len(session.skeleton)), bool)
        self._whole = np.zeros(len(session.skeleton), bool)
        self._read_flags()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Count the keypoints."""
        return 0 if parent is not None and parent.isValid() else len(self._session.skeleton)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, statuses by view, flags by view, or error of a keypoint."""
        session, keypoint = self._session, index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return session.skeleton.keypoints[keypoint]
        if role == Role.STATUSES:
            return session.labels.status[session.frame, :, keypoint]
        if role == Role.FLAGS:
            return self._flagged[:, keypoint]
        if role == Role.ERROR:
            return float(session.poses.error[session.frame, keypoint])
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.reasons(keypoint)
        return None

    def is_flagged(self, keypoint: int) -> bool:
        """Whether anything speaks against a keypoint in this frame."""
        return bool(self._whole[keypoint] or self._flagged[:, keypoint].any())

    def reasons(self, keypoint: int) -> str:
        """Say what speaks against a keypoint in this frame, one sentence a line."""
        session = self._session
        if session.flags is None:
            return ""
        rows = session.flags.rows(session.frame, session.frame + 1)
        return "\n".join(
            describe(session.flags, row, session.rig, session.skeleton, session.project.config.unit)
            for row in range(rows.start, rows.stop) if session.flags.keypoint[row] == keypoint
        )  # fmt: skip

    def refresh(self) -> None:
        """Read the current frame anew."""
        self._read_flags()
        self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def _read_flags(self) -> None:
        self._flagged[:], self._whole[:] = False, False
        flags = self._session.flags
        if flags is None:
            return
        rows = flags.rows(self._session.frame, self._session.frame + 1)
        camera, keypoint = flags.camera[rows], flags.keypoint[rows]
        named = camera >= 0
        self._flagged[camera[named], keypoint[named]] = True
        self._whole[keypoint[~named]] = True


class KeypointDelegate(QStyledItemDelegate):
    """Paints a keypoint's row: mark, name, one mark a view, error.

    Parameters
    ----------
    session : LabellingSession
    colours : Colours
    """

    def __init__(self, session: LabellingSession, colours: Colours) -> None:
        super().__init__()
        self._session, self.colours = session, colours
        self._looks = keypoint_looks(session.skeleton)

    def square(self, row: QRect, camera: int) -> QRect:
        """Place of a view within a row."""
        count = len(self._session.rig)
        width = min(SQUARE, max((row.width() - SWATCH - ERROR - 90) // count, 9))
        left = row.right() - ERROR - width * (count - camera)
        return QRect(left, row.top(), width, row.height())

    def camera_at(self, row: QRect, x: int) -> int:
        """View whose square lies at a horizontal place, -1 for none."""
        for camera in range(len(self._session.rig)):
            square = self.square(row, camera)
            if square.left() <= x <= square.right():
                return camera
        return -1

    def sizeHint(self, *_: Any) -> QSize:  # noqa: N802 - Qt's name
        """Return the height of a row."""
        return QSize(100, ROW)

    def paint(self, painter: QPainter, option: Any, index: QModelIndex) -> None:
        """Paint a row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self.colours.chosen)
        self._paint_name(painter, option.rect, index)
        self._paint_views(painter, option.rect, index)
        self._paint_error(painter, option.rect, index)
        painter.restore()

    def _paint_name(self, painter: QPainter, place: QRect, index: QModelIndex) -> None:
        look, middle = self._looks[index.row()], place.center().y() + 1
        paint_mark(
            painter, look, Form.FILLED, QPointF(place.left() + 13, middle), 5.5, self.colours.text
        )
        painter.setPen(self.colours.text)
        right = self.square(place, 0).left() - 4
        room = QRect(
            place.left() + SWATCH + 2, place.top(), right - place.left() - SWATCH - 2,
            place.height(),
        )  # fmt: skip
        name = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, int(_LEFT_MIDDLE), name)

    def _paint_views(self, painter: QPainter, place: QRect, index: QModelIndex) -> None:
        statuses, flags = index.data(Role.STATUSES), index.data(Role.FLAGS)
        chosen = self._session.selection
        for camera, status in enumerate(statuses.tolist()):
            square = self.square(place, camera)
            middle = QPointF(square.center().x() + 0.5, square.center().y() + 1)
            radius = min(4.5, square.width() / 2 - 2)
            if chosen.camera == camera and chosen.keypoint == index.row():
                painter.setPen(QPen(self.colours.text, 1))
                painter.drawRect(square.adjusted(0, 2, -1, -3))
            if flags[camera]:
                paint_flag(painter, middle, min(7.0, square.width() / 2))
            paint_cell(
                painter, self._looks[index.row()], Status(status), middle, radius, self.colours.text
            )

    def _paint_error(self, painter: QPainter, place: QRect, index: QModelIndex) -> None:
        flagged = index.model().is_flagged(index.row())
        painter.setPen(self.colours.warning if flagged else self.colours.text)
        room = place.adjusted(place.width() - ERROR, 0, -MARGIN, 0)
        text = pixels(index.data(Role.ERROR))
        painter.drawText(room, int(_RIGHT_MIDDLE), f"! {text}" if flagged else text)


class KeypointList(QListView):
    """The rows; a click chooses a keypoint, and a view where it meets one.

    Parameters
    ----------
    session : LabellingSession
    colours : Colours
    """

    def __init__(self, session: LabellingSession, colours: Colours) -> None:
        super().__init__()
        self._session = session
        self.setModel(KeypointModel(session, self))
        self.painter = KeypointDelegate(session, colours)
        self.setItemDelegate(self.painter)
        self.setObjectName("keypoints")
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Select the keypoint, and the view, under the mouse."""
        at = event.pos()
        index = self.indexAt(at)
        if index.isValid():
            camera = self.painter.camera_at(self.visualRect(index), at.x())
            self._session.select(index.row(), camera)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Do not select by dragging: rows follow the session only."""
        event.accept()

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Say in words what a square means."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return bool(super().viewportEvent(event))

    def words_at(self, at: QPoint) -> str:
        """Say in words what lies at a place: "ear_L in cam3: proposed, 2.1 px"."""
        index = self.indexAt(at)
        if not index.isValid():
            return ""
        session, keypoint = self._session, index.row()
        camera = self.painter.camera_at(self.visualRect(index), at.x())
        if camera < 0:
            return self.model().reasons(keypoint)
        status = Status(int(session.labels.status[session.frame, camera, keypoint]))
        words = f"{index.data()} in {session.rig.names[camera]}: {STATUS_WORDS[status]}"
        error = float(session.poses.view_error[session.frame, camera, keypoint])
        return words if np.isnan(error) else f"{words}, {pixels(error)} px off"


class KeypointPanel(Panel):
    """Keypoints of the current frame under a line that names the views.

    Parameters
    ----------
    session : LabellingSession
    colours : Colours
    """

    def __init__(self, session: LabellingSession, colours: Colours) -> None:
        super().__init__("keypoint_panel")
        self._session = session
        self.list = KeypointList(session, colours)
        self.heading = ViewHeading(session, self.list)
        layout = column(self, gap=0)
        layout.addWidget(self.heading)
        layout.addWidget(self.list, 1)
        self.setMinimumHeight(5 * ROW)
        self._select()
        self.links.add(
            (session.frame_changed, self._refresh),
            (session.selection_changed, self._select),
            (session.edited, self._follow_edit),
            (session.queue_changed, self._refresh),
            (session.reloaded, self._refresh),
            (session.arrived, self._refresh),
        )

    def error_text(self, keypoint: int) -> str:
        """Error of a keypoint as the list shows it."""
        return pixels(self.list.model().index(keypoint).data(Role.ERROR))

    def set_colours(self, colours: Colours) -> None:
        """Follow napari's theme."""
        self.list.painter.colours = colours
        self.list.viewport().update()
        self.heading.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for room for all rows."""
        return QSize(300, (len(self._session.skeleton) + 1) * ROW + GAP)

    def _refresh(self, *_: object) -> None:
        self.list.model().refresh()

    def _follow_edit(self, change: Change) -> None:
        if self._session.frame in change.rows:
            self._refresh()

    def _select(self, *_: object) -> None:
        index = self.list.model().index(self._session.selection.keypoint)
        self.list.setCurrentIndex(index)
        self.list.scrollTo(index)
        self.list.viewport().update()


class ViewHeading(QWidget):
    """Names the columns of views above the list.

    Parameters
    ----------
    session : LabellingSession
    rows : KeypointList
        Whose columns are named.
    """

    def __init__(self, session: LabellingSession, rows: KeypointList) -> None:
        super().__init__()
        self._rows = rows
        self.words = short_names(session.rig.names)
        self.setFixedHeight(ROW - 2)
        self.setToolTip("Views: " + ", ".join(session.rig.names) + ". Error of the 3D point in px.")

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802 - Qt's name
        """Paint the names where the columns are."""
        painter = QPainter(self)
        painter.setPen(self._rows.painter.colours.faint)
        width = self._rows.viewport().width() + self._rows.frameWidth()
        place = QRect(self._rows.frameWidth(), 0, width - self._rows.frameWidth(), self.height())
        first = self._rows.painter.square(place, 0)
        if first.width() >= 14:
            for camera, word in enumerate(self.words):
                square = self._rows.painter.square(place, camera)
                painter.drawText(square, int(Qt.AlignmentFlag.AlignCenter), word)
        room = QRect(MARGIN, 0, first.left() - MARGIN, self.height())
        painter.drawText(room, int(_LEFT_MIDDLE), "Keypoint")
        error = place.adjusted(place.width() - ERROR, 0, -MARGIN, 0)
        painter.drawText(error, int(_RIGHT_MIDDLE), "px")
        painter.end()


def short_names(names: tuple[str, ...]) -> list[str]:
    """Shorten view names to what tells them apart, at most two letters: "cam3" becomes "3"."""
    if len(names) < 2:
        return [name[:2] for name in names]
    shared = 0
    while len({name[: shared + 1] for name in names}) == 1:
        shared += 1
    tails = [name[shared:][:2] for name in names]
    numbers = [str(at + 1) for at in range(len(names))]
    return tails if len(set(tails)) == len(names) and all(tails) else numbers


_LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
