"""Going from flag to flag: where it goes, what it says, when Enter goes on."""

import pytest
from tests.unit.gui.opened import Opened
from tests.unit.gui.pair_session import NOSE, TAIL, number, unlabel

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.controllers.review_flow import (
    NOT_JUDGED,
    NOTHING_LEFT,
    NOTHING_SHOWN,
    ReviewFlow,
)
from napari_behaviorvlm.identity.live_queue import QueueFilter, QueueOrder

WRONG = {10: 1, 30: 2, 45: 0}
"""Frame and view in which the nose is on the tail's dot."""


def plant(labels):
    for frame, camera in WRONG.items():
        labels.xy[frame, camera, NOSE] = labels.xy[frame, camera, TAIL]
        labels.candidate[frame, camera, NOSE] = labels.candidate[frame, camera, TAIL]
        unlabel(labels, (frame, camera, TAIL))


@pytest.fixture
def opened(tmp_path):
    opened = Opened(tmp_path / "pair", plant)
    yield opened
    opened.close()


@pytest.fixture
def session(opened):
    return opened.session


@pytest.fixture
def review(session):
    return ReviewFlow(LabelFlow(session))


def test_the_first_step_goes_to_the_head_selects_the_view_and_says_why(review, session, opened):
    arrived = []
    review.arrived.connect(arrived.append)
    item = review.next()
    assert (session.frame, session.selection.keypoint) == session.queue.point(0)
    assert item.frame in WRONG
    assert session.rig.names[session.selection.camera] == item.camera
    assert session.selection.camera == WRONG[item.frame]
    assert opened.said[-1] == item.reason
    assert arrived == [item] == [review.item]


def test_on_and_back_again(review, session):
    first, second = review.next(), review.next()
    assert {first.frame, second.frame} < set(WRONG)
    assert first.frame != second.frame
    assert review.previous().frame == first.frame


def test_a_correction_and_enter_settle_a_point_and_go_on(review, session):
    seen = []
    review.next()
    for _ in WRONG:
        seen.append(session.frame)
        camera = session.selection.camera
        review.flow.digit(number(session.frame, camera, NOSE))
        review.accept()
    assert sorted(seen) == sorted(WRONG)
    for frame, camera in WRONG.items():
        assert session.labels.status[frame, camera, NOSE] == Status.CORRECTED
        assert session.decided[frame, :, NOSE].all()


def test_outside_a_review_enter_stays(review, session):
    session.go_to(30)
    session.select(NOSE)
    review.accept()
    assert session.frame == 30
    review.next()
    review.stop()
    frame = session.frame
    review.accept()
    assert session.frame == frame


def test_enter_on_a_settled_point_only_goes_on(review, session):
    review.next()
    first = session.frame
    review.flow.accept()
    journal = len(session.project.store.journal())
    review.accept()
    assert session.frame != first
    assert len(session.project.store.journal()) == journal


def test_filters_order_and_rows(review, session, opened):
    heard = []
    session.queue_changed.connect(lambda: heard.append(len(session.queue)))
    review.show(QueueFilter(keypoints=frozenset({NOSE})), QueueOrder.FRAME)
    assert [review.next().frame for _ in WRONG] == sorted(WRONG)
    assert review.go_to_row(1).frame == 30
    assert review.go_to_row(99) is None
    review.show(QueueFilter(cameras=frozenset({3}), keypoints=frozenset({NOSE})))
    assert review.next() is None
    assert opened.said[-1] == NOTHING_SHOWN
    assert not review.active
    review.clear_filter()
    assert heard[-1] > heard[-2]


def test_before_the_labels_are_judged_it_asks_for_patience(tmp_path):
    opened = Opened(tmp_path / "pair", None, 6, judged=False)
    review = ReviewFlow(LabelFlow(opened.session))
    assert review.next() is None
    review.show(QueueFilter())
    assert opened.said == [NOT_JUDGED, NOT_JUDGED]
    assert review.item is None
    opened.session.take(opened.session.judge())
    assert review.next() is None
    assert opened.said[-1] == NOTHING_LEFT
    opened.close()
