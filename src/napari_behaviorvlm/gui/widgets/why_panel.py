"""Why a label is what it is: the picture that a model was shown, and its words."""

from collections.abc import Generator
from datetime import datetime

import numpy as np
from qtpy.QtCore import QRect, Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QComboBox, QScrollArea, QWidget

from napari_behaviorvlm.core.labels import LABELLED, Source
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.history_panel import label_words
from napari_behaviorvlm.gui.widgets.picture import Picture
from napari_behaviorvlm.gui.widgets.style import Panel, Sentence, column, row
from napari_behaviorvlm.gui.workers import Work, Worker
from napari_behaviorvlm.workflows.why import Why, why

STEPS = {
    "regions": "where the body regions are", "assign": "the dots of one region",
    "resolve": "settling contradictions",
}  # fmt: skip

PAUSE = 120
"""Milliseconds after which a selection is looked up: arrow keys may be held."""


class WhyPanel(Panel):
    """Follows the selection and tells where its label comes from.

    Parameters
    ----------
    session : LabellingSession
    """

    def __init__(self, session: LabellingSession) -> None:
        super().__init__("why_panel")
        self._session = session
        self._found: list[Why] = []
        self._camera = 0
        self._worker = Worker(parent=self)
        self.headline, self.words = Sentence(name="why_headline"), Sentence(name="why_words")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.steps = QComboBox()
        self.steps.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.picture = Picture("why_picture")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE)
        self._lay_out()
        self.links.add(
            (session.selection_changed, self._stale), (session.frame_changed, self._stale),
            (session.edited, self._stale), (session.reloaded, self._stale),
            (self._later.timeout, self.look), (self.steps.currentIndexChanged, self._show),
            (self._worker.done, self._take), (self._worker.failed, self._failed),
        )  # fmt: skip
        self.look()

    def _lay_out(self) -> None:
        text = QWidget()
        inner = column(text)
        for part in (self.headline, self.steps, self.words):
            inner.addWidget(part)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(text)
        layout = row(area, self.picture, parent=self)
        layout.setStretch(0, 2)
        layout.setStretch(1, 3)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Let go of the session."""
        self._later.stop()
        self.let_go()
        self._worker.close()
        super().closeEvent(event)

    def _stale(self, *_: object) -> None:
        self._later.start()

    def look(self) -> None:
        """Look up the selected label."""
        session = self._session
        camera, keypoint = session.selection.camera, session.selection.keypoint
        if camera < 0:
            camera = self._best_view(keypoint)
        self._camera = camera
        self.headline.setText(self._sentence(camera, keypoint))
        name = session.skeleton.keypoints[keypoint]
        self._worker.start(_looking(session, session.frame, session.rig.names[camera], name))

    def _best_view(self, keypoint: int) -> int:
        """Choose a view in which the keypoint is labelled."""
        status = self._session.labels.status[self._session.frame, :, keypoint]
        return int(np.isin(status, LABELLED).argmax())

    def _sentence(self, camera: int, keypoint: int) -> str:
        """Say where the label comes from, in a sentence or two."""
        session = self._session
        cell = (session.frame, camera, keypoint)
        source = Source(int(session.labels.source[cell]))
        name = session.skeleton.keypoints[keypoint]
        view = session.rig.names[camera]
        said = label_words(session) if session.selection.camera >= 0 else f"{name} in {view}."
        if source == Source.GEOMETRIC:
            views = int(session.poses.n_views[session.frame, keypoint])
            error = float(session.poses.view_error[cell])
            far = "" if np.isnan(error) else f", {error:.1f} px from its 3D point"
            return (
                f"{said} Geometry chose this dot: it agrees with the {views} views that see "
                f"{name}{far}, with the distances learned from the seed frames, and with the "
                "frames before and after."
            )
        return said

    def _take(self, found: list[Why]) -> None:
        self._found = found
        blocked = self.steps.blockSignals(True)
        self.steps.clear()
        for each in found:
            again = f", asked again ({each.repair})" if each.repair else ""
            region = f": {each.region}" if each.region else ""
            self.steps.addItem(f"{STEPS.get(each.step, each.step)}{region}{again}")
        self.steps.setCurrentIndex(len(found) - 1)
        self.steps.blockSignals(blocked)
        self.steps.setVisible(len(found) > 1)
        self._show()

    def _failed(self, sentence: str) -> None:
        self._found = []
        self.words.setText(sentence)
        self.picture.show_bytes(b"")

    def _show(self, *_: object) -> None:
        at = self.steps.currentIndex()
        if not self._found or at < 0:
            self.words.setText("No model was asked about this label.")
            self.picture.show_bytes(b"")
            return
        found = self._found[at]
        self.words.setText(words_of(found))
        self.picture.show_bytes(found.picture, self._around_animal(found))

    def _around_animal(self, found: Why) -> QRect | None:
        """Part of a whole frame's picture that shows the animal; a crop is shown as it is."""
        if found.region is not None:
            return None
        session, image = self._session, found.image
        xy = session.labels.xy[session.frame, self._camera]
        xy = xy[np.isfinite(xy).all(axis=1)]
        if not len(xy):
            return None
        low, high = ((edge - image.origin) * image.scale for edge in (xy.min(0), xy.max(0)))
        margin = max(60.0, 0.25 * float((high - low).max()))
        (x0, y0), (x1, y1) = np.round(low - margin), np.round(high + margin)
        return QRect(int(x0), int(y0), int(x1 - x0), int(y1 - y0))


def words_of(found: Why) -> str:
    """Say in a few lines what a model said of the label, and when."""
    said = found.said
    if found.step == "regions":
        answer = "It does not see this region." if said.visible is False else (
            "It drew the box of this region." if said.box else "It said nothing of this region."
        )  # fmt: skip
    elif said.candidate is None:
        answer = "It gave no usable answer about this keypoint."
    elif said.candidate == 0:
        answer = "It answered: not visible in this view."
    else:
        answer = f"It answered: dot {said.candidate}."
    lines = [answer]
    if said.reason:
        lines.append(f"Its reason: {said.reason}.".replace("..", "."))
    if said.confidence is not None:
        lines.append(f"It called itself {100 * said.confidence:.0f} % sure.")
    when = datetime.fromisoformat(found.when).astimezone().strftime("%Y-%m-%d %H:%M")
    cost = f", {found.cost:.4f} USD" if found.cost else ""
    lines.append(f"Model {found.model}, {when}{cost}.")
    return "\n".join(lines)


def _looking(session: LabellingSession, frame: int, camera: str, keypoint: str) -> Work:
    def looking() -> Generator[Progress, None, list[Why]]:
        yield Progress(0, 0)
        return why(session.project, frame, camera, keypoint)

    return looking()
