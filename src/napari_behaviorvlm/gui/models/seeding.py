"""Labelling a seed frame by clicking dots.

The order is all keypoints in one view, then the rest. A dot clicked in one view lies on a line of
sight; where dots of at least three other views meet on it in one point and no other point has as
many, these dots are proposed at once, and where one view does not suffice, two always give a point
whose nearest dots are proposed. So a frame costs about one click a keypoint in the best view, and
the eye stays there; going from view to view with each keypoint would cost at least two clicks and
two glances for each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.label_cells import Hand, Labelled, has_position, with_losers
from napari_behaviorvlm.gui.models.seed_geometry import Guess, guess_views
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.seed import RECOMMENDED_FRAMES

SEED = "accept proposed views"

ENOUGH_VIEWS = 2
"""A keypoint seen in so many views has a place in 3D."""

_TRIED = 60
"""Frames that are looked at to suggest seed frames."""


class Seedable(Labelled, Protocol):
    """A session whose seed frames can be chosen."""

    frame: int

    @property
    def seed_frames(self) -> list[int]:
        """Seed frames, ascending."""

    def set_seed_frames(self, frames: Iterable[int]) -> None:
        """Replace them."""


@dataclass(frozen=True)
class SeedProposal:
    """What the person's labels of other views say about a view.

    Parameters
    ----------
    camera, keypoint : int
    number : int
        The dot; 0 where the keypoint seems not to be seen.
    x, y : float
        The dot's position; that of the reprojection where there is no dot, px.
    status : Status
        PROPOSED, or OCCLUDED / OUT_OF_VIEW where there is no dot.
    sureness : float
        Probability of being right, 0..1.
    views : int
        The person's labels that it follows from.
    """

    camera: int
    keypoint: int
    number: int
    x: float
    y: float
    status: Status
    sureness: float
    views: int


@dataclass(frozen=True)
class SeedProgress:
    """How far a seed frame is.

    Parameters
    ----------
    views : tuple of int
        Views in which each keypoint has a position from a person, or agreed to by one.
    answered : tuple of bool
        Keypoints about which something was said in every view.
    names : tuple of str
    """

    views: tuple[int, ...]
    answered: tuple[bool, ...]
    names: tuple[str, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Keypoints that have no place in 3D yet, and are not known to be hidden."""
        return tuple(
            at for at, (count, done) in enumerate(zip(self.views, self.answered, strict=True))
            if count < ENOUGH_VIEWS and not done
        )  # fmt: skip

    @property
    def sentence(self) -> str:
        """What is still missing, in one sentence."""
        names = [self.names[at] for at in self.missing]
        if not names:
            return "Every keypoint of this frame is labelled in two views or marked as hidden."
        if len(names) > 4:
            names = [*names[:3], f"{len(names) - 3} more"]
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"Fewer than two views so far: {listed}."


def seed_progress(session: Labelled, frame: int) -> SeedProgress:
    """Count what a person labelled in a frame."""
    return SeedProgress(
        tuple(_trusted(session, frame).sum(axis=0).tolist()),
        tuple(session.decided[frame].all(axis=0).tolist()),
        session.skeleton.keypoints,
    )


# Proposals ------------------------------------------------------------------------------------


def seed_proposals(
    session: Labelled, frame: int, keypoint: int | None = None
) -> tuple[SeedProposal, ...]:
    """Find what follows for the other views from those that a person labelled.

    Parameters
    ----------
    keypoint : int, optional
        Only for this one.

    Returns
    -------
    tuple of SeedProposal
        For views nobody decided about and that do not show this dot already. No dot is proposed
        twice in a view, and none that a person gave to another keypoint.
    """
    keypoints = np.arange(len(session.skeleton)) if keypoint is None else np.array([keypoint])
    trusted, decided = _trusted(session, frame), session.decided[frame]
    keypoints = keypoints[(trusted.any(axis=0) & ~decided.all(axis=0))[keypoints]]
    if not len(keypoints):
        return ()
    table = session.candidates(frame)
    xy = np.where(trusted[..., None], session.labels.xy[frame], np.nan).swapaxes(0, 1)[keypoints]
    free = np.stack([_free(session, frame, int(at), table) for at in keypoints])
    guesses = guess_views(session.rig, xy, table, free)
    found = [
        _proposal(session, at, guess, int(trusted[:, at].sum()))
        for at, of_keypoint in zip(keypoints.tolist(), guesses, strict=True)
        for guess in of_keypoint if not decided[guess.camera, at]
    ]  # fmt: skip
    return tuple(_each_dot_once([p for p in found if not _shown(session, frame, p)]))


def _trusted(session: Labelled, frame: int) -> NDArray[np.bool_]:
    """Cells of a frame with a position from a person, or agreed to by one, shape (C, K)."""
    status = session.labels.status[frame]
    agreed = (status == Status.ACCEPTED) | (status == Status.CORRECTED)
    trusted: NDArray[np.bool_] = agreed & session.decided[frame]
    return trusted


def _free(session: Labelled, frame: int, keypoint: int, table: CandidateTable) -> NDArray[np.bool_]:
    """Dots that no person gave to another keypoint."""
    others = session.decided[frame].copy()
    others[:, keypoint] = False
    taken = np.where(others, session.labels.candidate[frame], 0)
    free: NDArray[np.bool_] = ~(taken[table.camera] == table.number[:, None]).any(axis=1)
    return free


def _proposal(session: Labelled, keypoint: int, guess: Guess, views: int) -> SeedProposal:
    status = Status.PROPOSED
    if not guess.number:
        size = session.rig.cameras[guess.camera].size
        inside = size is None or (0 <= guess.x < size[0] and 0 <= guess.y < size[1])
        status = Status.OCCLUDED if inside else Status.OUT_OF_VIEW
    return SeedProposal(
        guess.camera, keypoint, guess.number, guess.x, guess.y, status, guess.sureness, views
    )


def _shown(session: Labelled, frame: int, proposal: SeedProposal) -> bool:
    """Whether a proposal of a run says the same, or something where this says nothing."""
    cell = (frame, proposal.camera, proposal.keypoint)
    if not has_position(session.labels, cell):
        return False
    return proposal.number in {0, int(session.labels.candidate[cell])}


def _each_dot_once(found: list[SeedProposal]) -> list[SeedProposal]:
    best: dict[tuple[int, int], SeedProposal] = {}
    for proposal in found:
        dot = (proposal.camera, proposal.number)
        if proposal.number and (dot not in best or best[dot].sureness < proposal.sureness):
            best[dot] = proposal
    return [p for p in found if not p.number or best[p.camera, p.number] is p]


def accept_proposals(session: Labelled, frame: int, proposals: Iterable[SeedProposal]) -> Edit:
    """Agree with proposals: positions count as geometry that a person accepted."""
    hand = Hand.of(session)
    given = {
        (frame, p.camera, p.keypoint):
            StoredLabel(p.x, p.y, p.number, Status.ACCEPTED, Source.GEOMETRIC, p.sureness,
                        hand.author, hand.created)
            if p.number else hand.nothing(p.status, p.sureness)
        for p in proposals
    }  # fmt: skip
    if not given:
        return Edit(SEED, (), "There is nothing proposed here to accept.")
    changes, _ = with_losers(session, given, hand)
    positions = sum(label.candidate > 0 for label in given.values())
    hidden = len(given) - positions
    note = f"{positions} proposed labels accepted"
    note += f", {hidden} marked as hidden." if hidden else "."
    return Edit.of(SEED, changes, note)


# Which frames ---------------------------------------------------------------------------------


def make_seed_frame(session: Seedable, frame: int) -> None:
    """Add a frame to the examples, once."""
    if frame not in session.seed_frames:
        session.set_seed_frames([*session.seed_frames, frame])


def toggle_seed_frame(session: Seedable, frame: int) -> bool:
    """Make a frame an example or no example any more; return whether it is one now."""
    if frame in session.seed_frames:
        session.set_seed_frames([other for other in session.seed_frames if other != frame])
        return False
    make_seed_frame(session, frame)
    return True


def suggest_frames(
    session: Labelled, count: int = RECOMMENDED_FRAMES, avoid: Iterable[int] = ()
) -> list[int]:
    """Suggest seed frames: many dots in many views, spread in different ways, far apart in time.

    Looks at some sixty frames of the recording, whatever its length.

    Parameters
    ----------
    count : int
    avoid : iterable of int
        Frames that are seeds already: suggestions keep away from them.

    Returns
    -------
    list of int
        Ascending; fewer where the recording has fewer frames with dots.
    """
    n_frames, avoid = len(session.labels.frames), list(avoid)
    tried = np.unique(np.linspace(0, n_frames - 1, min(n_frames, _TRIED)).round().astype(int))
    tables = [session.candidates(int(frame)) for frame in tried]
    seen = np.array([_dots_seen(session, table) for table in tables])
    if not seen.any():
        return []
    good = seen >= np.quantile(seen[seen > 0], 0.6)
    looks = np.array([_posture(session, table) for table in tables])
    looks = (looks - np.nanmean(looks, axis=0)) / (np.nanstd(looks, axis=0) + 1e-9)
    time = tried / max(n_frames - 1, 1) * np.sqrt(looks.shape[1]) * 3
    features = np.column_stack([np.nan_to_num(looks), time])
    chosen = [int(np.abs(tried - frame).argmin()) for frame in avoid]
    first = len(chosen)
    while len(chosen) < first + count and good.any():
        if chosen:
            far = np.linalg.norm(features[:, None] - features[chosen][None], axis=-1).min(axis=1)
        else:
            far = seen.astype(float)
        best = int(np.argmax(np.where(good, far, -1)))
        chosen.append(best)
        good[best] = False
    return sorted(int(tried[at]) for at in chosen[first:])


def _dots_seen(session: Labelled, table: CandidateTable) -> int:
    """Dots of all views; more than there are keypoints count as reflections."""
    counts = np.bincount(table.camera, minlength=len(session.rig))
    return int(np.minimum(counts, len(session.skeleton)).sum())


def _posture(session: Labelled, table: CandidateTable) -> NDArray[np.float64]:
    """How long and how wide the cloud of dots is in each view (log px), shape (2 C,)."""
    shape = np.full((len(session.rig), 2), np.nan)
    for camera in range(len(session.rig)):
        xy = table.xy[table.camera == camera]
        if len(xy) > 2:
            shape[camera] = np.linalg.svd(xy - xy.mean(axis=0), compute_uv=False)
    with np.errstate(divide="ignore"):
        logs: NDArray[np.float64] = np.log(shape + 1.0).ravel()
    return logs
