"""Clusters: what each looks like, where it lies on the map, what follows what, and how much."""

from collections.abc import Generator, Mapping
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QCloseEvent, QPixmap
from qtpy.QtWidgets import QComboBox, QSplitter, QTabWidget, QWidget

from napari_behaviorvlm.core.naming_edits import NameClusters
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.cluster_summary import (
    ClusterSummary,
    bouts_followed,
    budgets,
    following,
    read_moments,
    summaries,
)
from napari_behaviorvlm.gui.widgets.behavior.bout_panel import pixmap_of
from napari_behaviorvlm.gui.widgets.behavior.cluster_list import ClusterList
from napari_behaviorvlm.gui.widgets.behavior.embedding_map import EmbeddingMap
from napari_behaviorvlm.gui.widgets.behavior.example_tiles import RATE, ExampleTiles, Tile
from napari_behaviorvlm.gui.widgets.behavior.following_table import FollowingTable
from napari_behaviorvlm.gui.widgets.behavior.time_budget import TimeBudget
from napari_behaviorvlm.gui.widgets.behavior.words import describe_clip
from napari_behaviorvlm.gui.widgets.style import Panel, Sentence, button, column, row
from napari_behaviorvlm.gui.workers import Worker
from napari_behaviorvlm.workflows.behavior.examples import (
    ClipPictures,
    clip_pictures,
    shown_frames,
    typical_clips,
)

EXAMPLES = 6
"""Pictures in a row of the list."""

PLAYING, SECONDS = 8, 2.0
"""Clips that play, and how much of each at most."""

THUMB, TILE = 72, 128
_LATER = 200
_HINT = "Click a cluster to see its clips. Ctrl + click chooses several, to give them one name."


class ClusterPanel(Panel):
    """Everything about clusters, linked to the timeline.

    Parameters
    ----------
    session : BehaviorSession
    flow : BoutFlow
        Moves to bouts, and knows the labels.
    """

    def __init__(self, session: BehaviorSession, flow: BoutFlow) -> None:
        super().__init__("cluster_panel")
        self._session, self._flow = session, flow
        self._clusters: list[ClusterSummary] = []
        self._sheet, self._player = Worker(parent=self), Worker(parent=self)
        self.words = Sentence(_HINT, name="cluster_words")
        self.list = ClusterList(session.looks.place)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.setObjectName("cluster_name")
        self.name.lineEdit().setPlaceholderText("name of the behaviour")
        self.apply = button("Name cluster", "", name="name_cluster")
        self.head_up = button("Head up", "Turns the pictures so that the head is up.",
                              checkable=True)  # fmt: skip
        self.tiles = ExampleTiles()
        self.map = EmbeddingMap(session, None)
        self.following, self.budget = FollowingTable(session), TimeBudget(session)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER)
        self._lay_out()
        self._connect()
        self._read()

    def _lay_out(self) -> None:
        left, middle = QWidget(), QWidget()
        inner = column(left)
        inner.addWidget(self.words)
        inner.addWidget(self.list, 1)
        inner = column(middle)
        line = row(self.name, self.apply, self.head_up)
        line.setStretch(0, 2)
        inner.addLayout(line)
        inner.addWidget(self.tiles, 1)
        self.views = QTabWidget()
        self.views.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.views.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for part, title in ((self.map, "Map"), (self.following, "What follows what"),
                            (self.budget, "Time")):  # fmt: skip
            self.views.addTab(part, title)
        split = QSplitter(Qt.Orientation.Horizontal)
        for at, (part, share) in enumerate(((left, 10), (middle, 11), (self.views, 12))):
            split.addWidget(part)
            split.setStretchFactor(at, share)
            split.setCollapsible(at, False)
        split.setSizes([330, 360, 400])
        layout = column(self, margins=(6, 4, 6, 4))
        layout.addWidget(split)

    def _connect(self) -> None:
        session = self._session
        self.links.add(
            (session.edited, self._stale), (session.reloaded, self._read),
            (session.reworded, self._stale), (self._later.timeout, self._refresh),
            (session.selection_changed, self._follow), (session.frame_changed, self._frame),
            (session.clusters_chosen, self.map.redraw),
            (self.list.chosen, self._chosen), (self.head_up.toggled, self._turned),
            (self.apply.clicked, self._name), (self.name.lineEdit().returnPressed, self._name),
            (self.tiles.clicked, self._to_clip), (self.map.lassoed, self._lassoed),
            (self.map.clicked, self._to_moment), (self.following.clicked, self._to_pair),
            (self.budget.clicked, self._to_share),
            (self._sheet.progressed, self._sheet_came), (self._player.progressed, self._clip_came),
            (self._sheet.failed, self._unseen), (self._player.failed, self._unseen),
        )  # fmt: skip

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop reading pictures and let go of the session."""
        self._later.stop()
        self.let_go()
        self._sheet.close()
        self._player.close()
        self._session.choose_clusters(())
        super().closeEvent(event)

    # What is shown -----------------------------------------------------------------------------

    def _stale(self, *_: object) -> None:
        self._later.start()

    def _read(self) -> None:
        """Show what another segmentation gave."""
        self.map.show_moments(read_moments(self._session))
        self.list.thumbs.clear()
        self._refresh()
        self._read_sheet()
        self._play()

    def _refresh(self) -> None:
        """Show names and numbers as they are now."""
        session = self._session
        self._clusters = summaries(session, EXAMPLES)
        self.list.seconds = 1 / session.fps
        self.list.show_clusters(self._clusters, session.clusters)
        if not self._clusters:
            self.words.setText("There are no clusters yet: start in the tab Run.")
        self.following.show_following(following(session))
        self.budget.show_budgets(budgets(session))
        self.map.redraw()
        self._follow()
        self._enable()

    def _enable(self) -> None:
        chosen = len(self._session.clusters)
        self.apply.setText(f"Merge {chosen} clusters" if chosen > 1 else "Name cluster")
        self.apply.setToolTip(
            "Gives all of them this name, and joins what touches." if chosen > 1
            else "Gives everything in the cluster this name, in all recordings."
        )  # fmt: skip
        self.apply.setEnabled(chosen > 0)
        self.name.setEnabled(chosen > 0)

    def _chosen(self, numbers: list[int]) -> None:
        self._session.choose_clusters(numbers)
        self._enable()
        self._offer_names()
        self._play()

    def _offer_names(self) -> None:
        chosen = [one for one in self._clusters if one.number in self._session.clusters]
        self.name.clear()
        self.name.addItems(self._flow.labels)
        self.name.setEditText(max(chosen, key=lambda one: one.frames).label if chosen else "")

    @property
    def _current(self) -> int:
        """Cluster of the chosen bout, of its first clip where it has several; -1 for none."""
        bout, clips = self._session.current, self._session.content.clips
        if bout is None or clips is None or not bout.clips:
            return -1
        return int(clips.cluster[bout.clips[0]])

    def _follow(self, *_: object) -> None:
        """Mark the cluster and the clip of the chosen bout."""
        if self._current != self.list.current_cluster:
            self.list.mark(self._current, scroll=not self._session.clusters)
            if not self._session.clusters:
                self._play()
        self.map.redraw()
        self._frame()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Bring the cluster of the chosen bout into sight."""
        super().showEvent(event)
        self.list.bring_current()

    def _frame(self, *_: object) -> None:
        self.map.update()
        clip = self._session.clip_at(self._flow.animal, self._session.frame)
        self.tiles.mark(-1 if clip is None else clip.clips[0])

    # Pictures ----------------------------------------------------------------------------------

    def _reading(
        self, frames: Mapping[int, tuple[int, ...]], size: int
    ) -> Generator[Progress, None, None]:
        session = self._session
        clips, bodies = session.content.clips, session.content.bodies
        assert clips is not None
        assert bodies is not None
        return clip_pictures(
            session.folder, session.recording, bodies, clips, frames, size=size,
            head_up=self.head_up.isChecked(),
        )  # fmt: skip

    @property
    def _can_read(self) -> bool:
        content = self._session.content
        return content.bodies is not None and self._session.recording.video is not None

    def _read_sheet(self) -> None:
        clips = self._session.content.clips
        if clips is None or not self._can_read:
            return
        middles = (clips.start + clips.end) // 2
        frames = {clip: (int(middles[clip]),) for one in self._clusters for clip in one.examples}
        self._sheet.start(self._reading(frames, THUMB))

    def _sheet_came(self, step: Progress) -> None:
        if isinstance(step, ClipPictures):
            self.list.thumbs[step.clip] = pixmap_of(step.crops[0])
            self.list.viewport().update()

    def _play(self) -> None:
        """Let clips of the chosen clusters play, or of the chosen bout's."""
        clips = self._session.content.clips
        clusters = sorted(self._session.clusters) or [self._current]
        if clips is None or clusters == [-1] or not self._can_read:
            why = "" if self._can_read or clips is None else "There is no video to show."
            self.tiles.show_tiles([], why or "Clips of the chosen clusters play here.")
            self._player.drop()
            return
        each = max(PLAYING // len(clusters), 1)
        rows = [clip for number in clusters
                for clip in typical_clips(clips, number, each)][:PLAYING]  # fmt: skip
        self.tiles.show_tiles([self._tile(clip) for clip in rows])
        frames = {row: shown_frames(clips, row, rate=RATE, seconds=SECONDS) for row in rows}
        self._player.start(self._reading(frames, TILE))

    def _tile(self, number: int) -> Tile:
        clip, fps = self._clip(number), self._session.fps
        if clip is None:
            return Tile(number, "")
        return Tile(number, f"{clip.animal}  {clip.start_frame / fps:.1f} s",
                    describe_clip(clip, fps))  # fmt: skip

    def _clip(self, number: int) -> Any:
        clips = self._session.content.clips
        assert clips is not None
        return self._session.clip_at(int(clips.animal[number]), int(clips.start[number]))

    def _clip_came(self, step: Progress) -> None:
        if isinstance(step, ClipPictures):
            pictures: list[QPixmap] = [pixmap_of(crop) for crop in step.crops]
            self.tiles.add_pictures(step.clip, pictures)

    def _turned(self, *_: object) -> None:
        self._read_sheet()
        self._play()

    def _unseen(self, sentence: str) -> None:
        self.tiles.show_tiles([], sentence)

    # What a person does ------------------------------------------------------------------------

    def _name(self, *_: object) -> None:
        label = self.name.currentText().strip()
        chosen = tuple(sorted(self._session.clusters))
        if label and chosen:
            self._session.apply(NameClusters(chosen, label))

    def _to_clip(self, number: int) -> None:
        clip = self._clip(number)
        if clip is not None:
            self._to(self._session.row_of(clip.animal), clip.start_frame)

    def _to_moment(self, moment: int) -> None:
        moments = self.map.moments
        assert moments is not None
        self._to(int(moments.animal[moment]), int(moments.frame[moment]))

    def _to(self, animal: int, frame: int) -> None:
        """Go to a frame and choose what stands there."""
        self._flow.animal = animal
        self._session.go_to(frame)
        bout = self._session.bout_at(animal, frame)
        self._session.select(*(() if bout is None else (bout.id,)))
        self._frame()

    def _lassoed(self, moments: list[int], add: bool) -> None:
        assert self.map.moments is not None
        found = self.map.moments.bouts(self._session, moments)
        before = self._session.selection if add else ()
        self._choose([*before, *found], "in the lasso")

    def _to_pair(self, before: str, after: str) -> None:
        self._choose(
            bouts_followed(self._session, before, after), f"{before} followed by {after}"
        )  # fmt: skip

    def _to_share(self, animal: str, label: str) -> None:
        events = self._session.events[self._session.row_of(animal)]
        self._choose(
            [bout.id for bout in events.bouts if bout.label == label], f"{label} of {animal}"
        )

    def _choose(self, numbers: list[int], what: str) -> None:
        """Choose bouts, and go to the first of them."""
        session = self._session
        session.select(*numbers)
        chosen = session.selected
        if chosen:
            session.go_to(min(bout.start_frame for bout in chosen))
        count = "1 bout is" if len(chosen) == 1 else f"{len(chosen)} bouts are"
        session.said.emit(f"{count} chosen: {what}." if chosen else f"No bouts: {what}.")
