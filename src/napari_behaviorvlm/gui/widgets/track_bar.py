"""Bars that come up when there is something to decide: a track to go along, a seed frame."""

from qtpy.QtWidgets import QFrame, QWidget

from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.tracks import Extent
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, Sentence, button, column, row


class Bar(QFrame):
    """A sentence and two buttons, framed so that it is noticed.

    Parameters
    ----------
    name : str
        Of the Qt object.
    yes, no : (str, str)
        Text and tool tip of the buttons.
    """

    def __init__(self, name: str, yes: tuple[str, str], no: tuple[str, str]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setStyleSheet(f"#{name} {{ border: 1px solid #E69F00; border-radius: 3px; }}")
        self.words = Sentence(name=f"{name}_words")
        self.yes = button(*yes, name=f"{name}_yes")
        self.no = button(*no, name=f"{name}_no")
        layout = column(self, gap=GAP, margins=(MARGIN, GAP, MARGIN, GAP))
        layout.addWidget(self.words)
        layout.addLayout(row(self.yes, self.no))
        self.links = Links()
        self.hide()

    def let_go(self) -> None:
        """Disconnect everything."""
        self.links.cut()


class TrackBar(Bar):
    """Offers to apply an edit to the other frames of its track.

    Parameters
    ----------
    flow : LabelFlow
    """

    def __init__(self, flow: LabelFlow) -> None:
        super().__init__(
            "track_bar", ("Apply", "Makes the same edit in these frames, as one step (T)."),
            ("No", "Leaves the other frames as they are (Esc)."),
        )  # fmt: skip
        self.links.add(
            (flow.offer_changed, self.show_offer),
            (self.yes.clicked, flow.extend_to_track),
            (self.no.clicked, flow.dismiss_track),
        )
        self.show_offer(flow.offer)

    def show_offer(self, extent: Extent | None) -> None:
        """Ask about a track, or go away."""
        if extent is not None:
            self.words.setText(extent.question)
        self.setVisible(extent is not None)


class SeedBar(Bar):
    """Says how far a seed frame is and leads on.

    Parameters
    ----------
    flow : LabelFlow
    """

    def __init__(self, flow: LabelFlow) -> None:
        super().__init__(
            "seed_bar", ("Accept proposals", "Accepts what the views propose (Enter)."),
            ("Done", "Leaves seeding; all labels are saved (E)."),
        )  # fmt: skip
        self._flow = flow
        session = flow.session
        self.links.add(
            (flow.seeding.active_changed, self.refresh),
            (session.edited, self.refresh),
            (session.frame_changed, self.refresh),
            (session.reloaded, self.refresh),
            (self.yes.clicked, flow.accept),
            (self.no.clicked, flow.seeding.stop),
        )
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Say how far the frame is, or go away while no seed frame is labelled."""
        seeding = self._flow.seeding
        if seeding.active:
            self.words.setText(
                f"Seed frame {self._flow.session.frame}: {seeding.progress.sentence}"
            )
            proposals = len(self._flow.proposals)
            self.yes.setEnabled(bool(proposals))
            self.yes.setText(f"Accept {proposals} proposals" if proposals else "Accept proposals")
            self.yes.setToolTip(
                "Accepts what the other views follow from your labels (Enter)." if proposals else
                "Nothing is proposed yet: label a keypoint in two views."
            )  # fmt: skip
        self.setVisible(seeding.active)


def bars(flow: LabelFlow) -> tuple[TrackBar, SeedBar]:
    """Make the bars of a session."""
    return TrackBar(flow), SeedBar(flow)


def stacked(parts: tuple[QWidget, ...]) -> QWidget:
    """Put parts below one another in a widget that takes no room when they are hidden."""
    holder = QWidget()
    layout = column(holder, gap=GAP)
    for part in parts:
        layout.addWidget(part)
    return holder
