"""What is drawn over a frame follows from labels, dots, points and the selection."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.unit.gui.pair_session import (
    LEFT,
    NOSE,
    RIGHT,
    SKELETON,
    TAIL,
    candidate_table,
    number,
    pixels,
    right_labels,
    truth,
)
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.labels import Poses, Status
from napari_behaviorvlm.geometry.epipolar import epipolar_curve
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.gui.models.frame_marks import MarkOptions, epipolar_pieces, frame_marks
from napari_behaviorvlm.identity.flags import FlagTable

FRAME = 7
ALL = MarkOptions(skeleton=True)


@dataclass(frozen=True)
class Chosen:
    keypoint: int = LEFT
    camera: int = 2


def session(flags=None):
    rig, labels = small_rig(), right_labels()
    poses = Poses.empty(labels.frames, len(rig), len(SKELETON))
    poses.points[:] = truth()
    table = candidate_table()
    return SimpleNamespace(
        rig=rig, skeleton=SKELETON, labels=labels, poses=poses, flags=flags,
        decided=np.zeros(labels.status.shape, bool), selection=Chosen(),
        candidates=lambda frame: table.select(table.rows(frame)),
        projection=lambda frame: np.moveaxis(project_rig(rig, poses.points[frame]), 1, 0),
    )  # fmt: skip


def test_dots_have_the_numbers_of_the_table_and_know_whose_label_they_are():
    shown = session()
    shown.labels.status[FRAME, 1, TAIL] = Status.UNLABELLED
    marks = frame_marks(shown, FRAME, ALL)
    for camera, view in enumerate(marks):
        assert (view.camera, view.chosen_view) == (camera, camera == 2)
        for dot, mark, owner in zip(view.dots, view.numbers, view.taken, strict=True):
            keypoint = next(k for k in range(5) if number(FRAME, camera, k) == mark)
            np.testing.assert_allclose(dot, pixels()[FRAME, camera, keypoint])
            assert owner == (-1 if (camera, keypoint) == (1, TAIL) else keypoint)
    assert marks[1].keypoints.tolist() == [0, 1, 2, 3]


def test_an_occluded_label_lies_on_its_reprojection():
    shown = session()
    shown.labels.status[FRAME, 0, NOSE] = Status.OCCLUDED
    shown.labels.xy[FRAME, 0, NOSE] = np.nan
    view = frame_marks(shown, FRAME, ALL)[0]
    assert view.statuses[0] == Status.OCCLUDED
    np.testing.assert_allclose(view.labels[0], pixels()[FRAME, 0, NOSE])
    shown.poses.points[FRAME, NOSE] = np.nan
    assert NOSE not in frame_marks(shown, FRAME, ALL)[0].keypoints


@pytest.mark.parametrize("status", [Status.REJECTED, Status.OUT_OF_VIEW, Status.UNLABELLED])
def test_what_has_no_place_is_not_drawn(status):
    shown = session()
    shown.labels.status[FRAME, 3, RIGHT] = status
    view = frame_marks(shown, FRAME, ALL)[3]
    assert RIGHT not in view.keypoints
    assert RIGHT in view.crossed


def test_error_vectors_lead_from_the_label_to_the_reprojection():
    shown = session()
    shown.labels.xy[FRAME, 1, TAIL] += (9, -4)
    view = frame_marks(shown, FRAME, ALL)[1]
    start, end = view.errors[view.erring.tolist().index(TAIL)]
    np.testing.assert_allclose(start, pixels()[FRAME, 1, TAIL] + (9, -4))
    np.testing.assert_allclose(end, pixels()[FRAME, 1, TAIL])


def test_bones_use_the_reprojection_where_there_is_no_label():
    shown = session()
    shown.labels.status[FRAME, 0, NOSE] = Status.REJECTED
    view = frame_marks(shown, FRAME, ALL)[0]
    assert len(view.bones) == len(SKELETON.edges)
    np.testing.assert_allclose(view.bones[0, 0], pixels()[FRAME, 0, NOSE])
    assert not len(frame_marks(shown, FRAME, replace(ALL, skeleton=False))[0].bones)


def test_flags_ring_the_view_or_all_views_until_somebody_decided():
    rows = [(FRAME - 1, 0, 0), (FRAME, NOSE, 1), (FRAME, TAIL, -1), (FRAME + 1, RIGHT, 2)]
    frame, keypoint, camera = np.array(rows).T
    nothing = np.zeros(4)
    flags = FlagTable(
        frame, keypoint, camera, nothing.astype(np.uint8), nothing, nothing, nothing,
        nothing.astype(np.int16), nothing,
    )  # fmt: skip
    shown = session(flags)
    shown.decided[FRAME, 3, TAIL] = True
    marks = frame_marks(shown, FRAME, ALL)
    ringed = {
        (view.camera, keypoint)
        for view in marks for keypoint in view.keypoints[view.flagged].tolist()
    }  # fmt: skip
    assert ringed == {(1, NOSE), (0, TAIL), (1, TAIL), (2, TAIL)}


def test_every_kind_of_mark_can_be_switched_off():
    nothing = MarkOptions(
        candidates=False, labels=False, reprojections=False, errors=False, guides=False
    )
    for view in frame_marks(session(), FRAME, nothing):
        for name in ("dots", "labels", "crosses", "errors", "bones", "guides", "proposals"):
            assert not len(getattr(view, name)), name


def test_proposals_are_drawn_where_they_are():
    proposals = np.full((4, 5, 2), np.nan)
    proposals[2, TAIL] = (10, 20)
    marks = frame_marks(session(), FRAME, ALL, proposals=proposals)
    assert [len(view.proposals) for view in marks] == [0, 0, 1, 0]
    assert marks[2].proposed.tolist() == [TAIL]
    np.testing.assert_array_equal(marks[2].proposals, [[10, 20]])


def test_guides_come_from_the_decided_views_of_the_selected_keypoint():
    shown = session()
    marks = frame_marks(shown, FRAME, ALL)
    assert set(marks[0].guided.tolist()) == {1, 2, 3}
    shown.decided[FRAME, 2, LEFT] = True
    marks = frame_marks(shown, FRAME, ALL)
    assert set(marks[0].guided.tolist()) == {2}
    assert not len(marks[2].guides)


def test_guides_run_through_the_point_and_along_the_epipolar_curve():
    rig, seen = small_rig(), pixels()[FRAME, :, LEFT]
    cameras = np.array([0, 3])
    pieces = epipolar_pieces(rig, cameras, seen[cameras])
    for to in range(len(rig)):
        guides, origin = pieces[to]
        for camera in set(cameras.tolist()) - {to}:
            own = guides[origin == camera]
            assert _away(own, seen[to][None]).max() < 0.3
            curve = epipolar_curve(rig, rig.names[camera], seen[camera], rig.names[to])
            size = np.array(rig.cameras[to].size)
            inside = ((curve > 1) & (curve < size - 2)).all(axis=1)
            assert _away(own, curve[inside]).max() < 1.0
            assert (own >= -1e-6).all()
            assert (own <= size).all()


def _away(pieces, points):
    """Distance of points to the nearest piece."""
    start, along = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    share = ((points[:, None] - start) * along).sum(axis=2) / length
    nearest = start + np.clip(share, 0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1)
