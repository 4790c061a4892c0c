"""Plays a recording: the frame follows the clock, whatever drawing costs."""

from time import monotonic

from qtpy.QtCore import QObject, QTimer, Signal

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession

TICK = 15
"""Milliseconds between two looks at the clock."""

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)


class Player(QObject):
    """Moves a session's frame on in time.

    Parameters
    ----------
    session : BehaviorSession
    """

    changed = Signal()
    """It began, stopped, or plays at another speed."""

    def __init__(self, session: BehaviorSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        self._began = (0.0, 0)
        self._last = -1
        self._loop: tuple[int, int] | None = None
        self._speed = 1.0

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return bool(self._timer.isActive())

    @property
    def looping(self) -> bool:
        """Whether it plays a stretch again and again."""
        return self.playing and self._loop is not None

    @property
    def speed(self) -> float:
        """Seconds of the recording per second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        self._restart()
        self.changed.emit()

    def toggle(self) -> None:
        """Play from the current frame, or stop."""
        if self.playing:
            self.stop()
            return
        if self._session.frame >= self._session.n_frames - 1:
            self._session.go_to(0)
        self._start(None)

    def toggle_bout(self) -> None:
        """Play the chosen bout again and again, or stop."""
        if self.looping:
            self.stop()
            return
        bout = self._session.current
        if bout is None:
            self._session.said.emit("Choose a bout first: click it in the timeline.")
            return
        self._session.go_to(bout.start_frame)
        self._start((bout.start_frame, bout.end_frame))

    def stop(self) -> None:
        """Stop where it is."""
        self._timer.stop()
        self._loop = None
        self.changed.emit()

    def _start(self, loop: tuple[int, int] | None) -> None:
        self._loop = loop
        self._restart()
        self._timer.start()
        self.changed.emit()

    def _restart(self) -> None:
        self._last = self._session.frame
        self._began = (monotonic(), self._last)

    def _tick(self) -> None:
        session = self._session
        if session.frame != self._last:  # a person went elsewhere meanwhile
            self._restart()
        since, first = self._began
        frame = first + int((monotonic() - since) * session.fps * self._speed)
        if self._loop is not None:
            start, end = self._loop
            if frame > end:
                frame = start
                self._last = start
                self._began = (monotonic(), start)
        elif frame >= session.n_frames:
            session.go_to(session.n_frames - 1)
            self.stop()
            return
        self._last = frame
        session.go_to(frame)
