"""What lies below the video: the timeline, and under it clusters and where names come from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.napari_compat import main_window
from napari_behaviorvlm.gui.widgets.behavior.player import Player
from napari_behaviorvlm.gui.widgets.behavior.timeline import Timeline
from napari_behaviorvlm.gui.widgets.behavior.transport import TransportBar
from napari_behaviorvlm.gui.widgets.side_docks import SideDocks
from napari_behaviorvlm.gui.widgets.style import Panel, column

if TYPE_CHECKING:
    from napari.viewer import Viewer

TIMELINE, CLUSTERS, WHY = "Timeline", "Clusters", "Why this name"
TALL, LOW, HIGH_WINDOW = 330, 250, 900
"""Height of what lies under the timeline, in windows that are at least so high and in others."""

_FEWEST, _MOST, _LEAST = 190, 380, 220


class TimelineDock(Panel):
    """The timeline with its bar."""

    def __init__(self, session: BehaviorSession, player: Player) -> None:
        super().__init__("timeline_dock")
        self.timeline = Timeline(session)
        self.bar = TransportBar(session, player, self.timeline)
        layout = column(self, gap=0)
        layout.addWidget(self.bar)
        layout.addWidget(self._scrolled(), 1)

    def _scrolled(self) -> QScrollArea:
        """Let rows of many animals be scrolled."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setMinimumHeight(min(self.timeline.minimumSizeHint().height(), _LEAST))
        area.setWidget(self.timeline)
        return area

    def closeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Let go of the session."""
        self.bar.let_go()
        self.timeline.let_go()
        super().closeEvent(event)


class Beside:
    """Shows and hides the docks below the video.

    Parameters
    ----------
    viewer : Viewer
    session : BehaviorSession
    flow : BoutFlow
    player : Player
    model : callable
        Gives the model that is asked again about a clip.
    changed : callable
        Called whenever a dock comes or goes.
    """

    def __init__(
        self, viewer: "Viewer", session: BehaviorSession, flow: BoutFlow, player: Player, *,
        model: Callable[[], ModelChoice], changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._viewer, self._session, self._flow, self._player = viewer, session, flow, player
        self._model = model
        self._docks = SideDocks(viewer, changed)
        self.connect_timeline: Callable[[TimelineDock], None] = _ignore
        """Called with every timeline that is made."""

    def is_shown(self, title: str) -> bool:
        """Whether a dock is there."""
        return self._docks.is_shown(title)

    def panel(self, title: str) -> Any:
        """Return what is in a dock, None if it is not there."""
        return self._docks.inner(title)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """What is in the docks."""
        return self._docks.widgets

    @property
    def timeline(self) -> TimelineDock | None:
        """The timeline with its bar, None if it is not shown."""
        found: TimelineDock | None = self.panel(TIMELINE)
        return found

    def toggle_timeline(self, *_: object) -> None:
        """Show the timeline, or take it away."""
        high = 80 + 46 * len(self._session.animals)
        self._docks.toggle(TIMELINE, self._make_timeline, "bottom", min(max(high, _FEWEST), _MOST))

    def _make_timeline(self) -> TimelineDock:
        made = TimelineDock(self._session, self._player)
        self.connect_timeline(made)
        return made

    def toggle_clusters(self, *_: object) -> None:
        """Show what each cluster looks like, or take that away."""
        from napari_behaviorvlm.gui.widgets.behavior.cluster_panel import ClusterPanel

        self._toggle_under(CLUSTERS, lambda: ClusterPanel(self._session, self._flow))

    def toggle_why(self, *_: object) -> None:
        """Show where the name of a bout comes from, or take that away."""
        from napari_behaviorvlm.gui.widgets.behavior.caption_panel import CaptionPanel

        self._toggle_under(WHY, lambda: CaptionPanel(self._session, self._flow, self._model))

    def _toggle_under(self, title: str, make: Callable[[], QWidget]) -> None:
        height = TALL if main_window(self._viewer).height() >= HIGH_WINDOW else LOW
        self._docks.toggle(title, make, "bottom", height, under=TIMELINE)

    def close(self, *, window_closing: bool) -> None:
        """Take all docks away; a window that closes takes them itself."""
        if window_closing:
            self._docks.end()
        else:
            self._docks.close()


def _ignore(_: object) -> None:
    pass
