import copy
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.geometry.rigs import pentagon_rig
from tests.unit.identity.flag_session import SKELETON, clean_session

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.identity.flags import (
    Reason,
    SessionScale,
    compute_flags,
    rows_to_judge,
    update_flags,
)
from napari_behaviorvlm.identity.live_queue import LiveQueue, QueueFilter, QueueOrder
from napari_behaviorvlm.identity.review import review_queue
from napari_behaviorvlm.workflows.state import retriangulate

N_FRAMES, N_CAMERAS, N_KEYPOINTS = 40, 6, len(SKELETON)
FIRST = 100


class Bench:
    """A spoilt session with its live queue, and edits as the dock makes them."""

    def __init__(self):
        self.session = copy.deepcopy(spoilt_session())
        self.scale = SessionScale.measure(self.session.poses, SKELETON)
        self.flags = self.compute_flags()
        self.queue = self.new_queue()

    @property
    def parts(self):
        return {
            "labels": self.session.labels, "poses": self.session.poses,
            "rig": self.session.rig, "skeleton": SKELETON,
        }  # fmt: skip

    def compute_flags(self):
        return compute_flags(**self.parts, scale=self.scale)

    def new_queue(self):
        return LiveQueue(flags=self.flags, **self.parts)

    def edit(self, cells, status, offset=None):
        """Give cells (row, camera, keypoint) a status and, with an offset in px, a position."""
        labels, rows = self.session.labels, sorted({cell[0] for cell in cells})
        for cell in cells:
            labels.status[cell] = status
            decided = status not in {Status.UNLABELLED, Status.PROPOSED}
            labels.source[cell] = Source.HUMAN if decided else Source.GEOMETRIC
            if status not in LABELLED:
                labels.xy[cell] = np.nan
            elif offset is not None:
                labels.xy[cell] = true_xy()[cell] + offset
        retriangulate(
            labels, self.session.poses, self.session.rig, {(cell[0], cell[2]) for cell in cells}
        )
        self.flags = update_flags(self.flags, rows, scale=self.scale, **self.parts)
        keypoints = sorted({cell[2] for cell in cells})
        self.queue.update(rows, self.session.labels, self.session.poses, self.flags, keypoints)

    def settle(self, row, keypoint):
        cells = [(row, camera, keypoint) for camera in range(N_CAMERAS)]
        self.edit(cells, Status.ACCEPTED)


@cache
def true_xy():
    return clean_session(N_FRAMES, noise=0.0).labels.xy


@cache
def spoilt_session():
    session = clean_session(N_FRAMES)
    labels = session.labels
    labels.xy[10, 0, 1] += (0, 60)
    labels.xy[20:24, 3, 2] += (25, 0)
    labels.xy[30, 2, 5] += (0, 6)
    labels.status[33, 1:, 7], labels.xy[33, 1:, 7] = Status.UNLABELLED, np.nan
    labels.status[35, :, 8], labels.xy[35, :, 8] = Status.UNLABELLED, np.nan
    session.retriangulate()
    session.poses.confidence[5, 4] = 0.5
    return session


@pytest.fixture
def bench():
    """A session in order of doubt, where neighbours do not change what a point is worth."""
    bench = Bench()
    bench.queue.show(sorted_by=QueueOrder.DOUBT)
    return bench


def points(queue):
    return [tuple(point) for point in queue.order.tolist()]


ALL = QueueFilter()
FILTERS = [
    ALL,
    QueueFilter(keypoints=frozenset({1, 2, 7})),
    QueueFilter(cameras=frozenset({3})),
    QueueFilter(reasons=frozenset({Reason.VIEW_DISAGREES, Reason.JUMP})),
    QueueFilter(statuses=frozenset({Status.CORRECTED, Status.OCCLUDED})),
]
CELLS = st.tuples(
    st.sampled_from([4, 5, 9, 10, 11, 20, 21, 23, 24, 30, 33, 35, 36, 0, N_FRAMES - 1]),
    st.integers(0, N_CAMERAS - 1),
    st.sampled_from([1, 2, 4, 5, 7, 8]),
)
ALL_VIEWS = CELLS.map(lambda cell: [(cell[0], camera, cell[2]) for camera in range(N_CAMERAS)])
EDITS = st.tuples(
    st.one_of(st.lists(CELLS, min_size=1, max_size=8), ALL_VIEWS, ALL_VIEWS),
    st.sampled_from(list(Status)),
    st.one_of(st.none(), st.tuples(st.floats(-40, 40), st.floats(-40, 40))),
)
SWITCHES = st.tuples(st.sampled_from(FILTERS), st.sampled_from(QueueOrder))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(EDITS, SWITCHES), min_size=1, max_size=6))
def test_after_any_edits_it_is_the_queue_that_would_be_made_anew(steps):
    bench = Bench()
    for step in steps:
        if len(step) == 2:
            bench.queue.show(*step)
        else:
            bench.edit(*step)
        fresh = bench.new_queue()
        assert len(fresh) == bench.queue.waiting
        fresh.show(bench.queue.chosen, bench.queue.sorted_by)
        assert points(bench.queue) == points(fresh)
        assert bench.queue.expected_errors == pytest.approx(fresh.expected_errors, abs=1e-9)
        for index in range(len(fresh)):
            assert repr(bench.queue.item(index)) == repr(fresh.item(index))
            assert bench.queue.position(*bench.queue.point(index)) == index


@settings(max_examples=50, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_it_is_the_queue_of_the_command_line(steps):
    bench = Bench()
    for step in steps:
        bench.edit(*step)
    once = review_queue(flags=bench.compute_flags(), **bench.parts)
    assert [repr(item) for item in once] == [repr(bench.queue.item(at)) for at in range(len(once))]
    assert len(once) == len(bench.queue)
    assert once.expected_errors == pytest.approx(bench.queue.expected_errors, abs=1e-9)


def test_the_most_doubtful_comes_first_and_a_correction_takes_it_out(bench):
    item = bench.queue.item(0)
    assert (item.frame, item.keypoint, item.camera) == (FIRST + 10, "ear_R", "side0")
    before = bench.queue.expected_errors
    bench.edit([(10, 0, 1)], Status.CORRECTED, (0, 0))
    assert (FIRST + 10, 1) not in points(bench.queue)
    assert before - bench.queue.expected_errors > 0.9


def test_a_mistake_of_many_frames_comes_before_a_surer_one_of_one_frame():
    bench = Bench()
    assert bench.queue.sorted_by is QueueOrder.PAYOFF
    assert points(bench.queue)[:5] == [*((FIRST + 20 + at, 2) for at in range(4)), (FIRST + 10, 1)]
    assert bench.queue.item(4).doubt >= bench.queue.item(0).doubt
    # Once one of the run was looked at and left, each of the others counts for itself.
    bench.settle(21, 2)
    assert points(bench.queue)[0] == (FIRST + 10, 1)
    assert points(bench.queue) == points(bench.new_queue())


def test_other_orders(bench):
    bench.queue.show(sorted_by=QueueOrder.FRAME)
    assert points(bench.queue) == sorted(points(bench.queue))
    assert bench.queue.position(FIRST + 10, 1) == 1
    bench.queue.show(sorted_by=QueueOrder.ERROR)
    errors = [bench.queue.item(at).error for at in range(len(bench.queue))]
    assert errors[0] == pytest.approx(60, abs=3)
    known = [error for error in errors if not np.isnan(error)]
    assert known == sorted(known, reverse=True)
    assert np.isnan(errors[len(known) :]).all()


def test_filters_look_at_every_flag_of_a_point(bench):
    def shown(**parts):
        bench.queue.show(QueueFilter(**{name: frozenset(part) for name, part in parts.items()}))
        return set(points(bench.queue))

    everything = shown()
    assert {(FIRST + 20 + at, 2) for at in range(4)} <= shown(cameras=[3])
    assert (FIRST + 10, 1) not in shown(cameras=[3])
    assert shown(keypoints=[1]) == {(FIRST + 10, 1)}
    assert shown(reasons=[Reason.MISSING]) == {(FIRST + 35, 8)}
    assert (FIRST + 5, 4) in shown(cameras=[-1])
    assert (FIRST + 5, 4) in shown(reasons=[Reason.LOW_MARGIN], keypoints=[4])
    assert not shown(reasons=[Reason.LOW_MARGIN], keypoints=[1])
    assert shown(statuses=[Status.PROPOSED]) == everything - {(FIRST + 35, 8)}
    assert len(bench.queue) < bench.queue.waiting


def test_settled_points_can_be_looked_at_again(bench):
    bench.settle(10, 1)
    assert bench.queue.position(FIRST + 10, 1) is None
    bench.queue.show(QueueFilter(statuses=frozenset({Status.ACCEPTED})))
    assert points(bench.queue) == [(FIRST + 10, 1)]
    assert bench.queue.item(0).doubt == 0


def test_next_goes_down_the_queue_and_round(bench):
    order = points(bench.queue)
    assert bench.queue.next_after(*order[0]) == order[1]
    assert bench.queue.next_after(*order[0], step=3) == order[3]
    assert bench.queue.next_after(*order[0], step=-1) == order[-1]
    assert bench.queue.next_after(*order[-1]) == order[0]


def test_next_after_a_settled_point_is_the_one_that_took_its_place(bench):
    order = points(bench.queue)
    frame, keypoint = order[2]
    bench.settle(frame - FIRST, keypoint)
    assert points(bench.queue) == order[:2] + order[3:]
    assert bench.queue.next_after(*order[2]) == order[3]
    assert bench.queue.next_after(*order[2], step=2) == order[4]
    assert bench.queue.next_after(*order[2], step=-1) == order[1]


def test_a_point_that_an_edit_moved_does_not_lead_away_from_where_it_was(bench):
    order = points(bench.queue)
    worst = order[0]
    bench.edit([(worst[0] - FIRST, 0, worst[1])], Status.PROPOSED, (0, 8))
    moved = bench.queue.position(*worst)
    assert moved is not None
    assert moved > 0
    assert bench.queue.next_after(*worst) == order[1]
    # It comes up again where it now stands, and then the way goes on from there.
    at = order[1]
    for _ in range(moved):
        at = bench.queue.next_after(*at)
    assert at == worst
    assert bench.queue.next_after(*worst) == bench.queue.point((moved + 1) % len(bench.queue))


def test_next_is_never_the_same_point_while_there_are_others(bench):
    bench.queue.show(QueueFilter(keypoints=frozenset({5, 7})))
    order, doubt = points(bench.queue), bench.queue.item(0).doubt
    assert order[0] == (FIRST + 30, 5)
    # A little better, still the worst.
    bench.edit([(30, 2, 5)], Status.PROPOSED, (0, 5.5))
    assert bench.queue.item(0).doubt < doubt
    assert bench.queue.point(0) == order[0]
    assert bench.queue.next_after(*order[0]) == order[1]


def test_from_a_point_that_was_never_in_the_queue(bench):
    assert bench.queue.next_after(FIRST + 2, 0) == bench.queue.point(0)
    assert bench.queue.next_after(FIRST + 2, 0, step=-1) == bench.queue.point(len(bench.queue) - 1)
    bench.queue.show(sorted_by=QueueOrder.FRAME)
    assert bench.queue.next_after(FIRST + 12, 0) == (FIRST + 20, 2)
    assert bench.queue.next_after(FIRST + 12, 0, step=-1) == (FIRST + 10, 1)


def test_an_empty_queue_leads_nowhere(bench):
    bench.queue.show(QueueFilter(keypoints=frozenset({0})))
    assert len(bench.queue) == 0
    assert bench.queue.next_after(FIRST, 0) is None
    assert points(bench.queue) == []
    with pytest.raises(IndexError):
        bench.queue.item(0)


def test_progress_counts_what_was_settled_and_ends_when_nothing_waits(bench):
    total = bench.queue.waiting
    assert bench.queue.progress == (0, total)
    bench.settle(10, 1)
    assert bench.queue.progress == (1, total)
    assert bench.queue.headline.startswith(f"1 of {total} reviewed, expected errors left: ")
    bench.edit([(10, camera, 1) for camera in range(N_CAMERAS)], Status.PROPOSED)
    assert bench.queue.progress == (0, total)
    # A correction that takes the flag away counts as reviewed once all views are settled.
    bench.edit([(10, 0, 1)], Status.CORRECTED, (0, 0))
    bench.settle(10, 1)
    assert bench.queue.progress == (1, total)
    while len(bench.queue):
        frame, keypoint = bench.queue.point(0)
        cells = [(frame - FIRST, camera, keypoint) for camera in range(N_CAMERAS)]
        bench.edit(cells, Status.OCCLUDED)
    reviewed, in_all = bench.queue.progress
    assert reviewed == in_all


def test_a_queue_made_anew_goes_on_where_the_last_one_was(bench):
    chosen = QueueFilter(keypoints=frozenset({1, 2}))
    bench.queue.show(chosen, QueueOrder.FRAME)
    bench.edit([(10, 0, 1)], Status.CORRECTED, (0, 0))
    bench.settle(10, 1)
    fresh = bench.new_queue()
    # The correction took the flag away, so a queue that begins now cannot know of it.
    assert fresh.progress == (0, bench.queue.waiting)
    fresh.go_on_from(bench.queue)
    assert fresh.progress == bench.queue.progress == (1, 1 + bench.queue.waiting)
    assert (fresh.chosen, fresh.sorted_by) == (chosen, QueueOrder.FRAME)
    assert points(fresh) == points(bench.queue)


def test_long_runs_are_counted_to_their_ends_and_over_no_gap_in_frames():
    session = clean_session(20)
    for table in (session.labels, session.poses):
        for name, values in vars(table).items():
            setattr(table, name, values.repeat(20, axis=0))
        table.frames = np.arange(400) + (np.arange(400) >= 350)
    session.poses.confidence[:, 3] = 0.5
    flags = compute_flags(session.labels, session.poses, session.rig, SKELETON)
    queue = LiveQueue(session.labels, session.poses, flags, session.rig, SKELETON)
    queue.show(QueueFilter(keypoints=frozenset({3})), QueueOrder.FRAME)
    runs = [queue.item(index).run for index in range(len(queue))]
    assert runs == [350] * 350 + [50] * 50


def test_judging_in_blocks_changes_nothing(monkeypatch):
    bench = Bench()
    whole = repr([bench.queue.item(at) for at in range(len(bench.queue))])
    monkeypatch.setattr("napari_behaviorvlm.identity.flags._BLOCK", 7)
    monkeypatch.setattr("napari_behaviorvlm.identity.point_states._BLOCK", 7)
    monkeypatch.setattr("napari_behaviorvlm.identity.payoff._BLOCK", 7)
    flags = bench.compute_flags()
    for name, values in vars(bench.flags).items():
        np.testing.assert_array_equal(getattr(flags, name), values)
    bench.flags = flags
    queue = bench.new_queue()
    assert repr([queue.item(at) for at in range(len(queue))]) == whole


def test_an_edit_takes_back_flags_of_its_neighbours():
    bench = Bench()
    missing = (FIRST + 35, 8)
    assert missing in points(bench.queue)
    for row in (34, 33, 32):
        bench.edit([(row, camera, 8) for camera in range(N_CAMERAS)], Status.UNLABELLED)
        assert points(bench.queue) == points(bench.new_queue())
        for name, values in vars(bench.compute_flags()).items():
            np.testing.assert_array_equal(getattr(bench.flags, name), values)
    # Four frames are too long a gap to expect the point there.
    assert missing not in points(bench.queue)


def test_rows_to_judge_join_where_their_surroundings_touch():
    assert rows_to_judge([50, 7, 8, 21, 7], 55) == [slice(1, 28), slice(44, 55)]
    assert rows_to_judge([], 55) == []


def test_a_flagless_session():
    session = clean_session(20)
    flags = compute_flags(session.labels, session.poses, pentagon_rig(), SKELETON)
    queue = LiveQueue(session.labels, session.poses, flags, session.rig, SKELETON)
    assert queue.progress == (0, 0)
    assert queue.headline == "0 of 0 reviewed, expected errors left: 2"
