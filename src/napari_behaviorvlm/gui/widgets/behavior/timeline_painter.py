"""Draws the rows of a timeline: only what is seen, and never more rectangles than pixels."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.label_looks import LOOKS
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.bout_rows import NOTHING, BoutRow
from napari_behaviorvlm.gui.models.time_window import TimeWindow, clock, tick_step

GUTTER = 84
RULER = 22
EVENTS, CLIPS, GAP = 28, 9, 7
MAP_ROW, MAP_MARGIN = 6, 5

GROUND = QColor("#16191d")
TRACK = QColor("#262b31")
INK = QColor("#e8ebee")
FAINT = QColor("#9aa5b0")
_DARK = QColor("#101214")

SINGLE = 800
"""So many bouts are drawn one by one; of more than that, the colour of every column of pixels."""

_NARROWEST_TEXT = 26.0
_FEWEST_LETTERS = 4
_FAINT_OPACITY = 0.22


@dataclass(frozen=True)
class RowPlace:
    """Where the row of an animal is drawn, pixels from the top."""

    top: float
    events: float
    clips: float

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.events + self.clips


def row_places(n_animals: int, height: float, *, clips: bool) -> list[RowPlace]:
    """Places of all rows in a widget of some height; rows grow where there is room."""
    room = height - RULER - map_height(n_animals) - GAP
    below = CLIPS if clips else 0
    each = (room - (n_animals - 1) * GAP) / max(n_animals, 1) - below
    events = float(min(max(each, 15), EVENTS * 1.6))
    return [RowPlace(RULER + at * (events + below + GAP), events, below) for at in range(n_animals)]


def map_height(n_animals: int) -> int:
    """Height of the overview at the bottom."""
    return n_animals * MAP_ROW + 2 * MAP_MARGIN


@cache
def colour(place: int) -> QColor:
    """Colour of a look by its place in `LOOKS`."""
    return QColor(LOOKS[place].colour)


@cache
def _pixels() -> NDArray[np.uint32]:
    """Colours of all looks as ARGB, then those of the same looks drawn faintly."""
    full = np.array([colour(place).rgba() for place in range(len(LOOKS))], np.uint32)
    faint = (full & 0xFFFFFF) | np.uint32(round(255 * _FAINT_OPACITY) << 24)
    return np.concatenate([full, faint])


@cache
def _pattern(place: int) -> QBrush | None:
    style = {
        "hatched": Qt.BrushStyle.BDiagPattern, "dotted": Qt.BrushStyle.Dense6Pattern,
    }.get(LOOKS[place].pattern)  # fmt: skip
    return None if style is None else QBrush(QColor(16, 18, 20, 150), style)


def fill_label(painter: QPainter, rect: QRectF, place: int) -> None:
    """Fill a rectangle in the look of a label."""
    painter.fillRect(rect, colour(place))
    pattern = _pattern(place)
    if pattern is not None:
        painter.fillRect(rect, pattern)


class TimelinePainter:
    """Draws rows, ruler and overview of a session.

    Parameters
    ----------
    session : BehaviorSession
    """

    def __init__(self, session: BehaviorSession) -> None:
        self._session = session
        self._strips: tuple[list[object], QPixmap] | None = None
        self.font = QFont()
        self.font.setPixelSize(12)
        self._metrics = QFontMetricsF(self.font)
        self._pen = QPen(_DARK, 1)

    # Rows --------------------------------------------------------------------------------------

    def rows(self, painter: QPainter, window: TimeWindow, places: Iterable[RowPlace]) -> None:
        """Draw all animals' bouts and clips."""
        session = self._session
        painter.setFont(self.font)
        for at, place in enumerate(places):
            self._ground(painter, window, at, place)
            area = QRectF(window.left, place.top, window.width, place.events)
            self._row(painter, window, session.told(at), area, text=True)
            if place.clips:
                below = QRectF(area.left(), area.bottom() + 1, area.width(), place.clips - 1)
                self._row(painter, window, session.clips[at], below, text=False)
            painter.setPen(INK)
            painter.drawText(
                QRectF(4, place.top, GUTTER - 10, place.events),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                self._metrics.elidedText(
                    session.animals[at], Qt.TextElideMode.ElideMiddle, GUTTER - 12
                ),
            )

    def _ground(self, painter: QPainter, window: TimeWindow, at: int, place: RowPlace) -> None:
        """Where the animal is followed the row is grey, elsewhere it is empty and says so."""
        whole = QRectF(window.left, place.top, window.width, place.events + place.clips)
        painter.fillRect(whole, TRACK)
        for start, end in self._session.unseen[at].runs(
            window.first, window.last, max(int(window.width), 1)
        ):  # fmt: skip
            left, right = window.edges(start, end)
            rect = QRectF(left, whole.top(), right - left, whole.height()) & whole
            painter.fillRect(rect, GROUND)
            painter.fillRect(rect, QBrush(QColor(90, 98, 106), Qt.BrushStyle.DiagCrossPattern))
            if rect.width() > 70:
                painter.setPen(FAINT)
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "not seen")

    def _row(
        self, painter: QPainter, window: TimeWindow, row: BoutRow, area: QRectF, *, text: bool
    ) -> None:  # fmt: skip
        seen = row.seen(window.first, window.last)
        painter.save()
        painter.setClipRect(area)
        if seen.stop - seen.start > SINGLE:
            self._columns(painter, window, row, area, clips=not text)
        else:
            for at in range(seen.start, seen.stop):
                self._bout(painter, window, row.bouts[at], area, text=text)
        painter.restore()

    def _bout(
        self, painter: QPainter, window: TimeWindow, bout: Bout, area: QRectF, *, text: bool
    ) -> None:  # fmt: skip
        left, right = window.edges(bout.start_frame, bout.end_frame)
        left, right = max(left, area.left() - 2), min(right, area.right() + 2)
        rect = QRectF(left, area.top(), max(right - left, 1.0), area.height())
        session = self._session
        faint = self._is_faint(bout, clip=not text)
        painter.setOpacity(_FAINT_OPACITY if faint else 1.0)
        fill_label(painter, rect, session.look_of(bout))
        if rect.width() > 3:
            painter.setPen(self._pen)
            painter.drawLine(rect.topLeft(), rect.bottomLeft())
        if text and bout.source == "human":
            painter.fillRect(QRectF(rect.left(), rect.bottom() - 3, rect.width(), 3), INK)
        if text and rect.width() > _NARROWEST_TEXT:
            self._words(painter, rect, bout)
        painter.setOpacity(1.0)
        if text and bout.id in session.selection:
            self.outline(painter, rect)

    def _is_faint(self, bout: Bout, *, clip: bool) -> bool:
        """Whether a bout is not looked for, or a clip is of no cluster that was chosen."""
        session = self._session
        if clip:
            return bool(session.clusters) and bout.cluster not in session.clusters
        return session.filter.is_set and not session.filter(bout)

    def _words(self, painter: QPainter, rect: QRectF, bout: Bout) -> None:
        room = rect.adjusted(5, 0, -4, 0)
        words = bout.label or "unnamed"
        spare = room.width() - self._metrics.horizontalAdvance(words)
        if spare > 60 and bout.description and bout.description != bout.label:
            words = f"{words}: {bout.description}"
        shown = self._metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        if len(shown) < min(_FEWEST_LETTERS, len(words)):
            return  # a letter and dots say nothing
        painter.setPen(_DARK)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    @staticmethod
    def outline(painter: QPainter, rect: QRectF) -> None:
        """Mark a chosen bout."""
        for pen, inset in ((QPen(_DARK, 3), 1.5), (QPen(QColor("white"), 2), 1.0)):
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(inset, inset, -inset, -inset))

    def _columns(
        self, painter: QPainter, window: TimeWindow, row: BoutRow, area: QRectF, *, clips: bool
    ) -> None:  # fmt: skip
        """Draw the colour of every column of pixels; as much work as there are pixels."""
        session = self._session
        found = row.columns(window.first, window.last, max(round(window.width), 1))
        shown, columns = np.unique(found, return_inverse=True)
        colours = np.zeros(len(shown), np.uint32)
        for at, place in enumerate(shown):
            if place != NOTHING:
                bout = row.bouts[place]
                faint = self._is_faint(bout, clip=clips)
                colours[at] = _pixels()[session.look_of(bout) + len(LOOKS) * faint]
        line = colours[columns].tobytes()
        image = QImage(line, len(found), 1, len(line), QImage.Format.Format_ARGB32)
        painter.drawImage(area, image)

    # Ruler and overview ------------------------------------------------------------------------

    def ruler(self, painter: QPainter, window: TimeWindow) -> None:
        """Write times along the top."""
        fps = self._session.fps
        step = tick_step(1 / (window.scale * fps))
        painter.setFont(self.font)
        first = int(max(window.first, 0) / fps / step)
        for at in range(first, int(window.last / fps / step) + 1):
            x = window.x(at * step * fps)
            if x < window.left:
                continue
            painter.setPen(FAINT)
            painter.drawLine(int(x), RULER - 6, int(x), RULER - 2)
            words = clock(at * step, step)
            if x + 3 + self._metrics.horizontalAdvance(words) <= window.left + window.width:
                painter.drawText(
                    QRectF(x + 3, 0, 80, RULER - 4),
                    Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words,
                )  # fmt: skip

    def overview(self, painter: QPainter, window: TimeWindow, area: QRectF) -> None:
        """Draw the whole recording, and a frame around what is seen of it."""
        whole = TimeWindow.whole(self._session.n_frames, area.left(), area.width())
        painter.drawPixmap(area.topLeft(), self._drawn_strips(area))
        left, right = whole.x(window.first), whole.x(window.last)
        shade = QColor(22, 25, 29, 150)
        painter.fillRect(QRectF(area.left(), area.top(), left - area.left(), area.height()), shade)
        painter.fillRect(QRectF(right, area.top(), area.right() - right, area.height()), shade)
        painter.setPen(QPen(INK, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left, area.top(), max(right - left, 2), area.height() - 1))

    def _drawn_strips(self, area: QRectF) -> QPixmap:
        """Rows of the overview; drawn anew only where something else is to be seen."""
        session = self._session
        rows = [session.told(at) for at in range(len(session.animals))]
        shows: list[object] = [*rows, session.filter, area.size(), session.n_frames]
        if self._strips is not None and _same(self._strips[0], shows):
            return self._strips[1]
        picture = QPixmap(area.size().toSize())
        picture.fill(TRACK)
        painter = QPainter(picture)
        whole = TimeWindow.whole(session.n_frames, 0, area.width())
        for at, row in enumerate(rows):
            strip = QRectF(0, MAP_MARGIN + at * MAP_ROW, area.width(), MAP_ROW - 1)
            self._columns(painter, whole, row, strip, clips=False)
        painter.end()
        self._strips = (shows, picture)
        return picture


def _same(one: list[object], other: list[object]) -> bool:
    return len(one) == len(other) and all(
        a is b if isinstance(a, BoutRow) else a == b for a, b in zip(one, other, strict=True)
    )
