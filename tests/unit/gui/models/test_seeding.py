"""Seeds: two views give the rest, what is missing is named, frames are chosen in one place."""

import numpy as np
import pytest
from tests.unit.gui.opened import Opened, one_keypoint_a_dot
from tests.unit.gui.pair_session import BACK, LEFT, NOSE, RIGHT, SKELETON, TAIL, number, pixels

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.gui.models import edits
from napari_behaviorvlm.gui.models.seeding import (
    SeedProgress,
    accept_proposals,
    make_seed_frame,
    seed_progress,
    seed_proposals,
    suggest_frames,
    toggle_seed_frame,
)

FRAME = 7


@pytest.fixture
def opened(tmp_path):
    hidden = [(FRAME, 3, TAIL), *((f, c, k) for f in range(20, 41) for c in (0, 1) for k in (0, 1))]
    opened = Opened(tmp_path / "pair", hidden=hidden, labelled=False, judged=False)
    yield opened
    opened.close()


@pytest.fixture
def session(opened):
    return opened.session


def name_dot(session, camera, keypoint, frame=FRAME):
    dot = number(frame, camera, keypoint)
    session.apply(edits.assign(session, frame, camera, keypoint, dot))


def test_two_views_propose_the_right_dots_of_the_others(session):
    for camera in (0, 1):
        name_dot(session, camera, BACK)
    found = seed_proposals(session, FRAME)
    assert [(p.camera, p.keypoint, p.number, p.status) for p in found] == [
        (camera, BACK, number(FRAME, camera, BACK), Status.PROPOSED) for camera in (2, 3)
    ]
    assert all(p.sureness > 0.9 and p.views == 2 for p in found)


def test_where_the_dot_is_missing_hidden_is_proposed_at_the_reprojection(session):
    for camera in (0, 1):
        name_dot(session, camera, TAIL)
    (proposal,) = [p for p in seed_proposals(session, FRAME) if p.camera == 3]
    assert (proposal.number, proposal.status) == (0, Status.OCCLUDED)
    np.testing.assert_allclose((proposal.x, proposal.y), pixels()[FRAME, 3, TAIL], atol=0.01)


def test_one_view_proposes_where_all_others_meet(session):
    name_dot(session, 0, NOSE)
    found = {p.camera: p.number for p in seed_proposals(session, FRAME)}
    assert found == {camera: number(FRAME, camera, NOSE) for camera in (1, 2, 3)}


def test_views_that_do_not_meet_propose_nothing(session):
    name_dot(session, 0, NOSE)
    session.apply(edits.assign(session, FRAME, 1, NOSE, number(FRAME, 1, TAIL)))
    assert seed_proposals(session, FRAME) == ()


def test_dots_that_a_person_gave_away_are_not_proposed(session):
    for camera in (0, 1):
        name_dot(session, camera, BACK)
    session.apply(edits.assign(session, FRAME, 2, NOSE, number(FRAME, 2, BACK)))
    assert 2 not in {p.camera for p in seed_proposals(session, FRAME) if p.number}


def test_accepting_proposals_is_one_edit_with_its_source(session):
    for camera, keypoint in [(0, BACK), (1, BACK), (0, TAIL), (1, TAIL)]:
        name_dot(session, camera, keypoint)
    journal = len(session.project.store.journal())
    session.apply(accept_proposals(session, FRAME, seed_proposals(session, FRAME)))
    assert len(session.project.store.journal()) == journal + 1
    assert session.labels.status[FRAME, 2:, BACK].tolist() == [2, 2]
    assert session.labels.status[FRAME, 2:, TAIL].tolist() == [2, 4]
    assert (session.labels.source[FRAME, 2:, BACK] == Source.GEOMETRIC).all()
    assert (session.labels.confidence[FRAME, 2:, BACK] > 0.9).all()
    np.testing.assert_array_equal(session.labels.xy[FRAME, 2, BACK], pixels()[FRAME, 2, BACK])
    assert session.decided[FRAME, :, [BACK, TAIL]].all()
    assert seed_proposals(session, FRAME) == ()
    assert one_keypoint_a_dot(session)
    assert "nothing proposed" in accept_proposals(session, FRAME, ()).note


def test_progress_names_what_is_missing(session):
    for keypoint in (NOSE, LEFT, BACK):
        for camera in (0, 1):
            name_dot(session, camera, keypoint)
    name_dot(session, 0, TAIL)
    session.apply(edits.occlude(session, FRAME, RIGHT))
    progress = seed_progress(session, FRAME)
    assert progress.views == (2, 2, 0, 2, 1)
    assert progress.missing == (TAIL,)
    assert progress.sentence == "Fewer than two views so far: tail."
    none = SeedProgress((0,) * 5, (False,) * 5, SKELETON.keypoints)
    assert none.sentence == "Fewer than two views so far: nose, ear_L, ear_R and 2 more."
    all_seen = SeedProgress((2,) * 5, (False,) * 5, SKELETON.keypoints)
    assert all_seen.sentence.startswith("Every keypoint")


def test_seed_frames_are_kept_in_the_project_once(session):
    heard = []
    session.seeds_changed.connect(lambda: heard.append(session.seed_frames))
    make_seed_frame(session, 9)
    make_seed_frame(session, 9)
    assert toggle_seed_frame(session, 4)
    assert not toggle_seed_frame(session, 9)
    assert heard == [[9], [4, 9], [4]]
    assert session.project.store.seed_frames() == [4]


def test_suggested_frames_are_far_apart_and_see_most_dots(session):
    found = suggest_frames(session, 3)
    assert len(found) == 3
    assert min(np.diff(found)) >= 10
    assert not any(20 <= frame <= 40 for frame in found)
    further = suggest_frames(session, 1, avoid=found)
    assert min(abs(further[0] - frame) for frame in found) >= 3


def test_without_dots_nothing_is_suggested(tmp_path):
    every = [(f, c, k) for f in range(3) for c in range(4) for k in range(5)]
    opened = Opened(tmp_path / "none", n_frames=3, hidden=every, labelled=False, judged=False)
    assert suggest_frames(opened.session) == []
    opened.close()
