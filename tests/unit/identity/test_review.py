import numpy as np
import pytest
from tests.unit.identity.flag_session import SKELETON, clean_session

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.identity.doubt import PRIOR, compute_doubt
from napari_behaviorvlm.identity.flags import Reason, compute_flags
from napari_behaviorvlm.identity.review import review_queue


def queue_of(session, **keywords):
    flags = compute_flags(session.labels, session.poses, session.rig, SKELETON)
    return review_queue(session.labels, session.poses, flags, session.rig, SKELETON, **keywords)


@pytest.fixture
def spoilt():
    """Three wrong labels of one view each: clearly, less, and barely."""
    session = clean_session()
    session.labels.xy[10, 0, 1] += (0, 60)
    session.labels.xy[20, 3, 2] += (15, 0)
    session.labels.xy[30, 2, 5] += (0, 5)
    session.retriangulate()
    return session


def test_the_most_doubtful_comes_first_with_its_view_and_sentence(spoilt):
    queue = queue_of(spoilt)
    items = list(queue)
    assert [(item.frame, item.keypoint, item.camera) for item in items] == [
        (110, "ear_R", "side0"), (120, "back_top", "side3"), (130, "forepaw_L", "side2"),
    ]  # fmt: skip
    assert items[0].doubt > items[1].doubt > items[2].doubt > 0.4
    assert items[1].error == pytest.approx(15, abs=1)
    assert items[1].reason.startswith("side3 disagrees with the other five by 1")
    assert items[0].reasons == (Reason.VIEW_DISAGREES,)
    assert [item.frame for item in queue.items(2)] == [110, 120]
    assert len(queue_of(spoilt, top=1)) == 1


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.CORRECTED])
def test_what_a_person_settled_is_left_out(spoilt, status):
    spoilt.labels.status[10, :, 1] = status
    queue = queue_of(spoilt)
    assert [item.frame for item in queue] == [120, 130]


def test_a_point_with_one_settled_view_stays(spoilt):
    spoilt.labels.status[10, 1, 1] = Status.ACCEPTED
    assert queue_of(spoilt)[0].frame == 110


def test_reasons_of_one_point_make_one_item(spoilt):
    spoilt.poses.confidence[:] = 0.999
    spoilt.poses.confidence[10, 1] = 0.7
    item = queue_of(spoilt)[0]
    assert item.reasons == (Reason.VIEW_DISAGREES, Reason.LOW_MARGIN)
    assert item.more == ("the name is uncertain: 70 % sure",)
    assert item.to_dict()["flags"] == ["view_disagrees", "low_margin"]


def test_doubt_of_a_clean_label_is_the_prior_and_of_a_wrong_view_its_own(spoilt):
    flags = compute_flags(spoilt.labels, spoilt.poses, spoilt.rig, SKELETON)
    doubt = compute_doubt(spoilt.labels, spoilt.poses, flags)
    # The other five could be the wrong ones, but hardly.
    assert PRIOR < doubt.point[10, 1] < 0.1
    assert doubt.view[10, 0, 1] > 0.9
    assert doubt.view[10, 1, 1] == pytest.approx(doubt.point[10, 1])
    assert doubt.any_wrong[10, 1] == pytest.approx(doubt.view[10, 0, 1])
    assert doubt.any_wrong[11, 1] == pytest.approx(PRIOR)


def test_confidence_takes_the_place_of_the_prior():
    session = clean_session()
    session.poses.confidence[:] = 0.995
    session.poses.confidence[5, 5] = 0.6
    flags = compute_flags(session.labels, session.poses, session.rig, SKELETON)
    doubt = compute_doubt(session.labels, session.poses, flags)
    assert doubt.point[5, 5] == pytest.approx(0.4, abs=1e-6)
    assert doubt.point[5, 6] == pytest.approx(0.005, abs=1e-6)


def test_expected_errors_add_up_and_shrink_with_every_decision(spoilt):
    before = queue_of(spoilt).expected_errors
    assert before == pytest.approx(60 * 12 * PRIOR + 2.5, abs=0.5)
    spoilt.labels.status[10, :, 1] = Status.ACCEPTED
    assert queue_of(spoilt).expected_errors < before - 0.9


def test_unlabelled_points_have_no_doubt():
    session = clean_session()
    session.labels.status[:, :, 4] = Status.UNLABELLED
    session.labels.xy[:, :, 4] = np.nan
    session.retriangulate()
    flags = compute_flags(session.labels, session.poses, session.rig, SKELETON)
    doubt = compute_doubt(session.labels, session.poses, flags)
    assert np.isnan(doubt.point[:, 4]).all()
    assert np.isnan(doubt.view[:, :, 4]).all()


def test_a_run_of_the_same_mistake_tells_its_length():
    session = clean_session()
    session.labels.xy[20:27, 3, 2] += (25, 0)
    session.labels.xy[40, 3, 2] += (25, 0)
    session.retriangulate()
    runs = {item.frame: item.run for item in queue_of(session)}
    assert runs == {**dict.fromkeys(range(120, 127), 7), 140: 1}


def test_an_empty_queue():
    queue = queue_of(clean_session())
    assert len(queue) == 0
    assert queue.items(5) == []
