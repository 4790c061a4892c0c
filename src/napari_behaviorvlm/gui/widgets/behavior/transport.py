"""The bar above the timeline: playing, zooming, searching, undoing."""

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QSizePolicy, QWidget

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession, Filter
from napari_behaviorvlm.gui.models.time_window import clock
from napari_behaviorvlm.gui.widgets.behavior.player import SPEEDS, Player
from napari_behaviorvlm.gui.widgets.behavior.timeline import Timeline
from napari_behaviorvlm.gui.widgets.style import BUTTON, Panel, button, row

_TYPING = 250


class TransportBar(Panel):
    """Buttons over a timeline.

    Parameters
    ----------
    session : BehaviorSession
    player : Player
    timeline : Timeline
    """

    next_wanted = Signal(int)
    """The next bout that is looked for (1) or the one before (-1)."""

    def __init__(self, session: BehaviorSession, player: Player, timeline: Timeline) -> None:
        super().__init__("transport")
        self._session, self._player, self._timeline = session, player, timeline
        self.play = self._small("Play", "Plays from the current frame (Space).")
        self.loop = self._small("Loop bout", "Plays the chosen bout again and again (Shift+Space).")
        self.speed = QComboBox()
        self.speed.setToolTip("How fast it plays.")
        self.speed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.time = QLabel()
        self.time.setMinimumWidth(150)
        self.closer = self._small("+", "See less, but closer (+, or the wheel).")
        self.wider = self._small("–", "See more (-, or the wheel).")
        self.whole = self._small("Whole", "See the whole recording (0).")
        self.clips = self._small("Clips", "Shows the clips that bouts were made from.")
        self.clips.setCheckable(True)
        self.clips.setChecked(True)
        self.search = QLineEdit()
        self.search.setObjectName("behavior_search")
        self.search.setPlaceholderText("Search labels and captions (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(260)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hits = QLabel()
        self.undo = self._small("Undo", "Takes the last edit back (Ctrl+Z).")
        self.redo = self._small("Redo", "Makes it again (Ctrl+Shift+Z).")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._lay_out()
        self._connect()
        self._show_player()
        self._show_time()

    def _lay_out(self) -> None:
        line = row(self.play, self.loop, self.speed, self.time, self.wider, self.closer, self.whole,
                   self.clips, parent=self)  # fmt: skip
        line.setContentsMargins(6, 3, 6, 3)
        line.addStretch(1)
        for widget in (self.search, self.hits, self.undo, self.redo):
            line.addWidget(widget)

    def _connect(self) -> None:
        session, player, timeline = self._session, self._player, self._timeline
        self.links.add(
            (self.play.clicked, lambda *_: player.toggle()),
            (self.loop.clicked, lambda *_: player.toggle_bout()),
            (self.speed.currentIndexChanged, self._set_speed),
            (self.closer.clicked, lambda *_: timeline.zoom(0.6)),
            (self.wider.clicked, lambda *_: timeline.zoom(1 / 0.6)),
            (self.whole.clicked, lambda *_: timeline.see_all()),
            (self.clips.toggled, lambda on: timeline.switch_clips(on=on)),
            (self.undo.clicked, lambda *_: session.undo()),
            (self.redo.clicked, lambda *_: session.redo()),
            (self.search.textChanged, lambda *_: self._typing.start()),
            (self.search.returnPressed, lambda: self.next_wanted.emit(1)),
            (self._typing.timeout, self._look),
            (player.changed, self._show_player),
            (session.frame_changed, self._show_time),
            (session.reloaded, self._show_time),
            (session.filtered, self._show_hits),
            (session.edited, self._show_hits),
        )

    def focus_search(self) -> None:
        """Let a person type what they look for."""
        self.search.setFocus()
        self.search.selectAll()

    def _small(self, text: str, tip: str) -> QWidget:
        made = button(text, tip)
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        made.setFixedHeight(BUTTON)
        return made

    def _set_speed(self, *_: object) -> None:
        self._player.speed = float(self.speed.currentData())

    def _look(self) -> None:
        kept = self._session.filter.labels
        self._session.look_for(Filter(kept, self.search.text().strip()))

    def _show_hits(self, *_: object) -> None:
        wanted = self._session.filter
        self.hits.setText(f"{len(self._session.found())} found" if wanted.words else "")

    def _show_player(self) -> None:
        self.play.setText("Stop" if self._player.playing and not self._player.looping else "Play")
        self.loop.setText("Stop" if self._player.looping else "Loop bout")

    def _show_time(self, *_: object) -> None:
        session = self._session
        whole = clock((session.n_frames - 1) / session.fps, 0.1)
        self.time.setText(f"{clock(session.frame / session.fps, 0.1)} / {whole}")
        self.time.setToolTip(f"Frame {session.frame} of {session.n_frames}")
