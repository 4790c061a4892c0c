"""An animal close up, as the camera saw it or with its head up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.crops import egocentric_crop, usual_lengths
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.views.frames import FrameStack

SIZE = 192
UP = -np.pi / 2


class CloseUp:
    """Cuts animals out of the frames that the video shows.

    Parameters
    ----------
    session : BehaviorSession
    stack : FrameStack or None
        None where there is no video.
    """

    def __init__(self, session: BehaviorSession, stack: FrameStack | None) -> None:
        self._session, self._stack = session, stack
        self._lengths: NDArray[np.float64] | None = None
        self._of: object = None

    def __call__(self, animal: int, frame: int, head_up: bool) -> NDArray[Any] | None:
        """Picture of an animal (H, W) or (H, W, 3); None where it is not seen."""
        bodies = self._session.content.bodies
        if bodies is None or self._stack is None:
            return None
        at = frame - bodies.first_frame
        if not 0 <= at < len(bodies) or not np.isfinite(bodies.centre[at, animal]).all():
            return None
        if self._of is not bodies:
            self._of, self._lengths = bodies, usual_lengths(bodies)
        assert self._lengths is not None
        ahead = bodies.head[at, animal] - bodies.rear[at, animal]
        heading = float(np.arctan2(ahead[1], ahead[0])) if head_up else UP
        length = float(self._lengths[animal])
        picture = np.asarray(self._stack[frame])
        return egocentric_crop(picture, bodies.centre[at, animal], heading, length, SIZE)
