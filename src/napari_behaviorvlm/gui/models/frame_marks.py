"""What is to be drawn over the pictures of one frame: arrays only, no drawing.

Everything here costs the same in a recording of a hundred frames and of a hundred thousand.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig, rays
from napari_behaviorvlm.identity.flags import WHOLE_POINT, FlagTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

_GUIDE_SAMPLES = 96
_GUIDE_RANGE = (0.02, 20.0)
"""Part of a line of sight that is drawn, in sizes of the rig."""


class Selected(Protocol):
    """The keypoint and view that commands are about."""

    @property
    def keypoint(self) -> int:
        """Position on the keypoint axis."""

    @property
    def camera(self) -> int:
        """Position on the camera axis, -1 for none."""


class Shown(Protocol):
    """What is read of a session; see `LabellingSession`."""

    rig: Rig
    skeleton: Skeleton
    labels: Labels
    poses: Poses
    decided: NDArray[np.bool_]
    flags: FlagTable | None
    selection: Selected

    def candidates(self, frame: int) -> CandidateTable:
        """Dots of a frame in all views."""

    def projection(self, frame: int) -> FloatArray:
        """Reprojections of the 3D points, shape (C, K, 2)."""


@dataclass(frozen=True)
class MarkOptions:
    """What is drawn.

    Parameters
    ----------
    candidates : bool
        Dots with their numbers.
    labels : bool
        Labels, and rings around those that are flagged.
    names : bool
        The names of all labels; otherwise of the selected and the pointed-at one, and of all when
        zoomed in.
    reprojections : bool
        Crosses where the 3D points lie in the picture.
    errors : bool
        Lines from labels to their reprojections.
    skeleton : bool
        Bones.
    guides : bool
        Epipolar lines of the selected keypoint.
    """

    candidates: bool = True
    labels: bool = True
    names: bool = False
    reprojections: bool = True
    errors: bool = True
    skeleton: bool = False
    guides: bool = True


@dataclass(frozen=True, eq=False)
class ViewMarks:
    """Marks of one view; all positions in pixels of the frame.

    Parameters
    ----------
    camera, selected : int
        The view, and the selected keypoint.
    chosen_view : bool
        Whether the selection names this view.
    dots, numbers, taken : ndarray, shapes (n, 2), (n,), (n,)
        Candidates, what a person calls them, and the keypoint whose label they are (or -1).
    labels, keypoints, statuses, flagged : ndarray, shapes (m, 2), (m,), (m,), (m,)
        Labels; an occluded one without a position lies on its reprojection.
    crosses, crossed : ndarray, shapes (r, 2), (r,)
        Reprojections and their keypoints.
    errors, erring : ndarray, shapes (e, 2, 2), (e,)
        From label to reprojection, and the keypoints.
    bones : ndarray, shape (b, 2, 2)
        Ends of bones.
    guides, guided : ndarray, shapes (g, 2, 2), (g,)
        Pieces of epipolar lines and the cameras they come from.
    proposals, proposed : ndarray, shapes (p, 2), (p,)
        Where seeding proposes keypoints.
    """

    camera: int
    selected: int
    chosen_view: bool
    dots: FloatArray
    numbers: IntArray
    taken: IntArray
    labels: FloatArray
    keypoints: IntArray
    statuses: IntArray
    flagged: NDArray[np.bool_]
    crosses: FloatArray
    crossed: IntArray
    errors: FloatArray
    erring: IntArray
    bones: FloatArray
    guides: FloatArray
    guided: IntArray
    proposals: FloatArray
    proposed: IntArray


def frame_marks(
    session: Shown, frame: int, options: MarkOptions, *, proposals: FloatArray | None = None
) -> list[ViewMarks]:
    """Gather the marks of every view at a frame.

    Parameters
    ----------
    session : Shown
    frame : int
        Frame number, which is also the row of the session's arrays.
    options : MarkOptions
    proposals : ndarray, shape (C, K, 2), optional
        Positions that seeding proposes; NaN where there are none.
    """
    content = _Content(session, frame, options, proposals)
    return [content.view(camera) for camera in range(len(session.rig))]


class _Content:
    """Everything about a frame that is found for all views at once."""

    def __init__(
        self, session: Shown, frame: int, options: MarkOptions, proposals: FloatArray | None
    ) -> None:
        self.session, self.options = session, options
        self.status = np.asarray(session.labels.status[frame])
        self.candidate = np.asarray(session.labels.candidate[frame])
        self.labelled = np.isin(self.status, LABELLED)
        self.xy = np.where(self.labelled[..., None], session.labels.xy[frame], np.nan)
        self.projection = session.projection(frame)
        self.table = session.candidates(frame) if options.candidates else CandidateTable.empty()
        self.flagged = _flagged(session, frame) if options.labels else np.zeros_like(self.labelled)
        self.guides = self._guides(frame) if options.guides else {}
        self.proposals = np.full_like(self.xy, np.nan) if proposals is None else proposals
        self.edges = np.array(session.skeleton.edge_indices, np.intp).reshape(-1, 2)

    def view(self, camera: int) -> ViewMarks:
        """Gather the marks of one view."""
        selection = self.session.selection
        rows = self.table.camera == camera
        keypoints, labels = self._labels(camera)
        erring = self._visible(camera, self.labelled[camera] & self.options.errors)
        crossed = self._visible(
            camera, np.full(len(self.status[camera]), self.options.reprojections)
        )
        guides, guided = self.guides.get(camera, (np.zeros((0, 2, 2)), np.zeros(0, np.intp)))
        proposed = np.flatnonzero(np.isfinite(self.proposals[camera]).all(axis=1))
        return ViewMarks(
            camera=camera,
            selected=selection.keypoint,
            chosen_view=selection.camera == camera,
            dots=self.table.xy[rows],
            numbers=self.table.number[rows].astype(np.intp),
            taken=self._taken(camera, self.table.number[rows]),
            labels=labels,
            keypoints=keypoints,
            statuses=self.status[camera, keypoints].astype(np.intp),
            flagged=self.flagged[camera, keypoints],
            crosses=self.projection[camera, crossed],
            crossed=crossed,
            errors=np.stack([self.xy[camera, erring], self.projection[camera, erring]], axis=1),
            erring=erring,
            bones=self._bones(camera),
            guides=guides,
            guided=guided,
            proposals=self.proposals[camera, proposed],
            proposed=proposed,
        )

    def _labels(self, camera: int) -> tuple[IntArray, FloatArray]:
        """Keypoints with a mark in a view, and where it lies."""
        hidden = self.status[camera] == Status.OCCLUDED
        xy = np.where(hidden[:, None], self.projection[camera], self.xy[camera])
        shown = np.isfinite(xy).all(axis=1) & self.options.labels
        keypoints = np.flatnonzero(shown)
        return keypoints, xy[keypoints]

    def _visible(self, camera: int, wanted: NDArray[np.bool_]) -> IntArray:
        """Keypoints that are wanted and whose 3D point lies before the camera."""
        return np.flatnonzero(wanted & np.isfinite(self.projection[camera]).all(axis=1))

    def _taken(self, camera: int, numbers: NDArray[np.int32]) -> IntArray:
        """Keypoint each dot is the label of, -1 for free dots."""
        taken = np.full(len(numbers), -1, np.intp)
        used = self.labelled[camera] & (self.candidate[camera] > 0)
        keypoint, dot = np.nonzero(
            used[:, None] & (self.candidate[camera][:, None] == numbers[None])
        )
        taken[dot] = keypoint
        return taken

    def _bones(self, camera: int) -> FloatArray:
        if not self.options.skeleton or not len(self.edges):
            return np.zeros((0, 2, 2))
        known = np.isfinite(self.xy[camera]).all(axis=1)
        place = np.where(known[:, None], self.xy[camera], self.projection[camera])
        bones = place[self.edges]
        return bones[np.isfinite(bones).all(axis=(1, 2))]

    def _guides(self, frame: int) -> dict[int, tuple[FloatArray, IntArray]]:
        """Epipolar lines from the views that are trusted with the selected keypoint."""
        keypoint = self.session.selection.keypoint
        labelled = self.labelled[:, keypoint]
        decided = labelled & self.session.decided[frame, :, keypoint]
        trusted = np.flatnonzero(decided if decided.any() else labelled)
        return epipolar_pieces(self.session.rig, trusted, self.xy[trusted, keypoint])


def _flagged(session: Shown, frame: int) -> NDArray[np.bool_]:
    """Labels that are flagged and not decided yet, shape (C, K)."""
    flagged = np.zeros(session.labels.status.shape[1:], bool)
    if session.flags is None:
        return flagged
    flags = session.flags.select(session.flags.rows(frame, frame + 1))
    whole = flags.camera == WHOLE_POINT
    flagged[:, flags.keypoint[whole]] = True
    flagged[flags.camera[~whole], flags.keypoint[~whole]] = True
    return flagged & ~np.asarray(session.decided[frame])


def epipolar_pieces(
    rig: Rig, cameras: IntArray, xy: FloatArray
) -> dict[int, tuple[FloatArray, IntArray]]:
    """Lines on which a point marked in some views must lie in the others, as short pieces.

    As `geometry.epipolar.epipolar_curve`, for many pairs of views at once and coarser, because
    this is done for each frame that is looked at.

    Parameters
    ----------
    rig : Rig
    cameras : ndarray, shape (n,)
        Views in which the point is marked.
    xy : ndarray, shape (n, 2)
        Where, px.

    Returns
    -------
    dict of int to (ndarray, ndarray)
        By view: ends of pieces, shape (g, 2, 2), and the views they come from, shape (g,).
    """
    if not len(cameras):
        return {}
    centres = np.array([camera.center for camera in rig])
    size = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max()) or 1.0
    steps = size * np.geomspace(*_GUIDE_RANGE, _GUIDE_SAMPLES)
    lines = []
    for camera, marked in zip(cameras, xy, strict=True):
        origin, direction = rays(rig.cameras[camera], marked)
        lines.append(origin + steps[:, None] * direction)
    seen = project_rig(rig, np.concatenate(lines)).reshape(len(lines), len(steps), len(rig), 2)
    return {to: _pieces(rig, to, cameras, seen[:, :, to]) for to in range(len(rig))}


def _pieces(
    rig: Rig, to: int, cameras: IntArray, curves: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Pieces of curves, shape (n, samples, 2), that can be seen in a view."""
    pieces = np.stack([curves[:, :-1], curves[:, 1:]], axis=2)
    visible = np.isfinite(pieces).all(axis=(2, 3)) & (cameras != to)[:, None]
    of = np.broadcast_to(cameras[:, None], visible.shape)[visible]
    pieces = pieces[visible]
    size = rig.cameras[to].size
    if size is not None:
        pieces, inside = _cut(pieces, np.array(size) - 1.0)
        of = of[inside]
    return pieces, of


def _cut(pieces: FloatArray, corner: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Cut pieces, shape (n, 2, 2), at the border of a picture (Liang and Barsky, 1984).

    Returns
    -------
    ndarray, shape (m, 2, 2)
        What lies inside.
    ndarray of bool, shape (n,)
        Pieces of which anything does.
    """
    start, along = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        walls = np.stack([(0.0 - start) / along, (corner - start) / along], axis=1)
    still = along == 0
    outside = ((start < 0) | (start > corner)) & still
    enter = np.where(still, -np.inf, walls.min(axis=1)).max(axis=1).clip(0, 1)
    leave = np.where(still, np.inf, walls.max(axis=1)).min(axis=1).clip(0, 1)
    inside = (enter < leave) & ~outside.any(axis=1)
    ends = np.stack([enter, leave], axis=1)[inside]
    return start[inside, None] + ends[..., None] * along[inside, None], inside
