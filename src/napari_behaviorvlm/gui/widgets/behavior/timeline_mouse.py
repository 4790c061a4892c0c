"""What the mouse is about in a timeline."""

from dataclasses import dataclass
from enum import StrEnum

from qtpy.QtCore import QPointF
from qtpy.QtGui import QMouseEvent

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession


class Drag(StrEnum):
    """What the mouse is doing while its button is down."""

    SCRUB = "scrub"
    EDGE = "edge"
    MAP = "map"
    PAN = "pan"


@dataclass
class Held:
    """A drag in progress: of which kind, from where, and of which bout's edge."""

    kind: Drag
    x: float
    bout: Bout | None = None
    edge: str = ""
    frame: int = -1


def between(session: BehaviorSession, one: Bout, other: Bout) -> list[int]:
    """Numbers of all bouts of an animal from one to another."""
    if one.animal != other.animal:
        return [one.id, other.id]
    first, last = sorted((one.start_frame, other.start_frame))
    row = session.events[session.row_of(one.animal)]
    numbers = [bout.id for bout in row.bouts[row.seen(first, last)]
               if first <= bout.start_frame <= last]  # fmt: skip
    return [*(number for number in numbers if number != other.id), other.id]


def place_of(event: QMouseEvent) -> QPointF:
    """Position of a mouse event in the widget; Qt 6 calls it otherwise than Qt 5."""
    at: QPointF = event.position() if hasattr(event, "position") else event.localPos()
    return at
