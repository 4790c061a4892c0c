"""From clicks, digits and commands to edits of the open session.

Nothing here knows of a window: positions are pixels of a view's picture, distances are given in
these pixels, and whatever cannot be done is said in one sentence through the session.
"""

from collections.abc import Collection, Iterable

import numpy as np
from psygnal import Signal

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.controllers.hovering import Hovered
from napari_behaviorvlm.gui.controllers.number_entry import NumberEntry
from napari_behaviorvlm.gui.controllers.seed_flow import SeedFlow
from napari_behaviorvlm.gui.models import edits
from napari_behaviorvlm.gui.models.copying import copy_previous
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.label_cells import dots, has_position, label_near, nearest_dot
from napari_behaviorvlm.gui.models.seeding import SeedProposal, accept_proposals
from napari_behaviorvlm.gui.models.session import Change, LabellingSession
from napari_behaviorvlm.gui.models.tracks import Extent, extent_of, over_track

WHICH_VIEW = "Click into a view first: which camera is meant?"


class LabelFlow:
    """Commands of an annotator.

    Parameters
    ----------
    session : LabellingSession

    Attributes
    ----------
    seeding : SeedFlow
        Labelling of seed frames: whether it is on, what it proposes.
    hovered : Hovered or None
    """

    offer_changed = Signal(object)
    """The `Extent` that the last edit could be applied to as well, or None."""
    pending_changed = Signal(str)
    """Digits typed so far."""
    hovered_changed = Signal(object)

    def __init__(self, session: LabellingSession) -> None:
        self.session = session
        self.seeding = SeedFlow(session)
        self.hovered: Hovered | None = None
        self._entry = NumberEntry()
        self._offered: tuple[Edit, Extent] | None = None
        session.frame_changed.connect(self._left)
        session.reloaded.connect(self._left)

    def close(self) -> None:
        """Stop listening to the session."""
        self.session.frame_changed.disconnect(self._left)
        self.session.reloaded.disconnect(self._left)
        self.seeding.close()

    def _left(self) -> None:
        """Forget what belonged to another frame."""
        self._offer(None)
        self._type("")
        self._hover(None)

    # Where commands go -----------------------------------------------------------------------

    @property
    def keypoint(self) -> int:
        """Keypoint that commands are about."""
        return self.session.selection.keypoint

    @property
    def camera(self) -> int | None:
        """View that commands are about: the chosen one, else the one under the mouse."""
        if self.session.selection.camera >= 0:
            return self.session.selection.camera
        return None if self.hovered is None else self.hovered.camera

    def _in_view(self) -> int | None:
        if self.camera is None:
            self.session.say(WHICH_VIEW)
        return self.camera

    def _do(self, edit: Edit) -> Change | None:
        """Make an edit and offer to carry it on along its track."""
        extent = extent_of(edit, self.session)
        change = self.session.apply(edit)
        if change is not None:
            self._offer(None if extent is None else (edit, extent))
        return change

    # Mouse -----------------------------------------------------------------------------------

    def click(
        self, camera: int, xy: Iterable[float], reach: float, modifiers: Collection[str] = ()
    ) -> Change | None:
        """Click into a view: the dot there becomes the keypoint; without any dots, the place.

        Parameters
        ----------
        camera : int
        xy : (x, y)
            Pixels of the picture.
        reach : float
            Distance within which a dot counts as clicked, px.
        modifiers : collection of str
            "Shift" places the label just there, dot or not; "Control" selects the keypoint whose
            label is there.
        """
        xy, held = tuple(xy), {name.lower() for name in modifiers}
        self._type("")
        if held & {"control", "ctrl", "meta"}:
            self.pick(camera, xy, reach)
            return None
        self.session.select(self.keypoint, camera)
        if "shift" in held:
            return self._placed(self._do(self._free(camera, xy)))
        found = nearest_dot(self.session, self.session.frame, camera, xy, reach)
        if found is not None:
            return self.assign(found[0])
        if not len(dots(self.session, self.session.frame, camera)[0]):
            return self._placed(self._do(self._free(camera, xy)))  # there is nothing else to click
        self.session.say("No dot here: click a dot, or hold Shift to place the label freely.")
        return None

    def _free(self, camera: int, xy: tuple[float, ...]) -> Edit:
        return edits.place(self.session, self.session.frame, camera, self.keypoint, xy, 0.0)

    def pick(self, camera: int, xy: Iterable[float], reach: float) -> None:
        """Select the keypoint whose label is there."""
        keypoint = self.grab(camera, xy, reach)
        if keypoint is None:
            self.session.say("No label here to select.")
        else:
            self.session.select(keypoint, camera)

    def grab(self, camera: int, xy: Iterable[float], reach: float) -> int | None:
        """Return the keypoint whose label can be dragged from there, the selected one first."""
        session = self.session
        return label_near(session.labels, session.frame, camera, xy, reach, self.keypoint)

    def drop(self, camera: int, keypoint: int, xy: Iterable[float], reach: float) -> Change | None:
        """Drag a label there: onto the dot within reach, else freely."""
        self.session.select(keypoint, camera)
        session = self.session
        return self._do(edits.move(session, session.frame, camera, keypoint, xy, reach))

    def right_click(self, camera: int, xy: Iterable[float], reach: float) -> Change | None:
        """Mark the keypoint whose label is there as occluded in this view.

        While a seed frame is labelled, a right click anywhere else means the selected keypoint.
        """
        self._type("")
        keypoint = self.grab(camera, xy, reach)
        if keypoint is None and not self.seeding.active:
            self.session.say("No label here: right-click a label to mark it as occluded.")
            return None
        self.session.select(self.keypoint if keypoint is None else keypoint, camera)
        return self.occlude()

    def hover(self, camera: int | None, xy: Iterable[float] = (), reach: float = 0.0) -> None:
        """Tell where the mouse is; None for outside of all views."""
        if camera is None:
            self._hover(None)
            return
        xy, session = tuple(xy), self.session
        dot = nearest_dot(session, session.frame, camera, xy, reach)
        keypoint = self.grab(camera, xy, reach)
        self._hover(Hovered(camera, dot[0] if dot else 0, -1 if keypoint is None else keypoint))

    def _hover(self, hovered: Hovered | None) -> None:
        if hovered != self.hovered:
            self.hovered = hovered
            self.hovered_changed.emit(hovered)

    # Numbers ---------------------------------------------------------------------------------

    @property
    def pending(self) -> str:
        """Digits typed so far for a dot's number."""
        return self._entry.text

    def digit(self, digit: int) -> Change | None:
        """Type a digit of a dot's number; it counts as soon as no longer number can be meant."""
        camera = self._in_view()
        if camera is None:
            return None
        numbers = dots(self.session, self.session.frame, camera)[0].tolist()
        number = self._entry.type(digit, numbers)
        self.pending_changed.emit(self.pending)
        return None if number is None else self._number(number)

    def commit_pending(self) -> Change | None:
        """Take the digits typed so far for the whole number (Enter, another key, or a while)."""
        text = self.pending
        self._type("")
        return self._number(int(text)) if text else None

    def _number(self, number: int) -> Change | None:
        if self.camera is not None:
            self.session.select(self.keypoint, self.camera)
        return self.assign(number)

    def _type(self, text: str) -> None:
        if text != self.pending:
            self._entry.text = text
            self.pending_changed.emit(text)

    # Commands --------------------------------------------------------------------------------

    def assign(self, number: int) -> Change | None:
        """Make a dot of the chosen view the selected keypoint; agree if it is already."""
        camera = self._in_view()
        if camera is None:
            return None
        session, cell = self.session, (self.session.frame, camera, self.keypoint)
        same = has_position(session.labels, cell) and session.labels.candidate[cell] == number
        self.seeding.begin_if_first()
        if not same:
            return self._placed(self._do(edits.assign(session, *cell, number)))
        if session.decided[cell]:
            name = session.skeleton.keypoints[self.keypoint]
            session.say(f"Dot {number} is {name} already.")
            return self._placed(None)
        return self._placed(self._do(edits.accept(session, session.frame, self.keypoint, camera)))

    def _placed(self, change: Change | None) -> Change | None:
        if self.seeding.active:
            self.seeding.advance()
        return change

    @property
    def proposals(self) -> tuple[SeedProposal, ...]:
        """What the person's own labels say about other views, as Enter would accept it."""
        return self.seeding.proposals

    def accept(self) -> Change | None:
        """Agree with the typed number, with what is proposed, or with the keypoint's labels."""
        if self.pending:
            return self.commit_pending()
        session, proposals = self.session, self.proposals
        agreed = edits.accept(session, session.frame, self.keypoint)
        if not proposals:
            return self._do(agreed)
        proposed = accept_proposals(session, session.frame, proposals)
        if self.seeding.active:
            change = self._do(proposed)
            self.seeding.report()
            return change
        return self._do(Edit.of(
            proposed.action, {**dict(agreed.changes), **dict(proposed.changes)}, proposed.note
        ))  # fmt: skip

    def accept_view(self) -> Change | None:
        """Agree with the keypoint's label in the chosen view only."""
        camera = self._in_view()
        if camera is None:
            return None
        return self._do(edits.accept(self.session, self.session.frame, self.keypoint, camera))

    def accept_frame(self) -> Change | None:
        """Agree with all labels of the frame."""
        self.commit_pending()
        return self._do(edits.accept_frame(self.session, self.session.frame))

    def occlude(self, *, everywhere: bool = False) -> Change | None:
        """Mark the keypoint as occluded; where it is marked already, take that back."""
        return self._hide(Status.OCCLUDED, everywhere=everywhere)

    def out_of_view(self) -> Change | None:
        """Mark the keypoint as outside the chosen view's picture, or take that back."""
        return self._hide(Status.OUT_OF_VIEW, everywhere=False)

    def _hide(self, status: Status, *, everywhere: bool) -> Change | None:
        self.commit_pending()
        camera = None if everywhere else self._in_view()
        if camera is None and not everywhere:
            return None
        session, frame = self.session, self.session.frame
        views = slice(None) if camera is None else camera
        marked = session.labels.status[frame, views, self.keypoint] == status
        if np.all(marked & session.decided[frame, views, self.keypoint]):
            return self._do(edits.take_back(session, frame, self.keypoint, camera))
        return self._placed(self._do(edits.occlude(session, frame, self.keypoint, camera, status)))

    def delete(self) -> Change | None:
        """Delete the label in the chosen view; while a number is typed, its last digit."""
        if self.pending:
            self._type(self.pending[:-1])
            return None
        camera = self._in_view()
        if camera is None:
            return None
        return self._do(edits.delete(self.session, self.session.frame, self.keypoint, camera))

    def delete_everywhere(self) -> Change | None:
        """Delete the keypoint's labels in all views."""
        self.commit_pending()
        return self._do(edits.delete_everywhere(self.session, self.session.frame, self.keypoint))

    def swap(self, *, this_view: bool = False) -> Change | None:
        """Exchange the keypoint and its left-right partner."""
        self.commit_pending()
        camera = self._in_view() if this_view else None
        if this_view and camera is None:
            return None
        return self._do(edits.swap(self.session, self.session.frame, self.keypoint, camera))

    def swap_frame(self) -> Change | None:
        """Exchange left and right of the whole frame."""
        self.commit_pending()
        return self._do(edits.swap_frame(self.session, self.session.frame))

    def copy_previous(self, *, whole_frame: bool = False) -> Change | None:
        """Carry the keypoint, or the whole frame, on from the frame before."""
        self.commit_pending()
        keypoint = None if whole_frame else self.keypoint
        return self._do(copy_previous(self.session, self.session.frame, keypoint))

    def next_best(self) -> Change | None:
        """Take the solver's second choice for the keypoint, in all views."""
        self.commit_pending()
        session, frame = self.session, self.session.frame
        numbers = session.alternative(frame, self.keypoint).tolist()
        return self._do(edits.next_best(session, frame, self.keypoint, numbers))

    def take_back(self) -> Change | None:
        """Forget what was decided about the keypoint; what a run proposed shows again."""
        self.commit_pending()
        return self._do(edits.take_back(self.session, self.session.frame, self.keypoint))

    # Along the track -------------------------------------------------------------------------

    @property
    def offer(self) -> Extent | None:
        """Frames that the last edit could be applied to as well."""
        return None if self._offered is None else self._offered[1]

    def extend_to_track(self) -> Change | None:
        """Apply the last edit to the other frames of its track."""
        if self._offered is None:
            self.session.say("There is no track to go along: change a label first.")
            return None
        edit, extent = self._offered
        self._offer(None)
        return self.session.apply(over_track(edit, self.session, extent))

    def dismiss_track(self) -> None:
        """Leave the other frames as they are."""
        self._type("")
        self._offer(None)

    def _offer(self, offered: tuple[Edit, Extent] | None) -> None:
        if offered != self._offered:
            self._offered = offered
            self.offer_changed.emit(self.offer)

    # Moving about ----------------------------------------------------------------------------

    def undo(self) -> Change | None:
        """Take the newest edit back and show where that was."""
        return self._went_back(self.session.undo(), "Undone")

    def redo(self) -> Change | None:
        """Make the undone edit again and show where that is."""
        return self._went_back(self.session.redo(), "Done again")

    def _went_back(self, change: Change | None, done: str) -> Change | None:
        self._type("")
        if change is None or not change.rows:
            return change
        self._offer(None)
        rows, session = change.rows, self.session
        if session.frame not in rows:
            session.go_to(rows[0])
        if len(change.keypoints) == 1:
            session.select(change.keypoints[0], session.selection.camera)
        frames = f"frame {rows[0]}"
        if len(rows) > 1:
            frames = f"frames {rows[0]} to {rows[-1]} ({change.labels} labels)"
        session.say(f"{done} in {frames}.")
        return change

    def jump(self, frames: int) -> None:
        """Go on by some frames (negative: back)."""
        self.commit_pending()
        self.session.go_to(self.session.frame + frames)

    def next_keypoint(self, step: int = 1) -> None:
        """Select the next keypoint of the skeleton."""
        self.commit_pending()
        self.session.select(self.keypoint + step, self.session.selection.camera)

    def previous_keypoint(self) -> None:
        """Select the keypoint before."""
        self.next_keypoint(-1)
