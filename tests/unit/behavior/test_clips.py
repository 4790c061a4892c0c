import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_behaviorvlm.behavior.clips import ClipSettings, cut_clips, smooth_labels
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout, Clips
from napari_behaviorvlm.core.errors import TableError

sequences = hnp.arrays(
    np.int64, st.tuples(st.integers(0, 200), st.integers(1, 3)), elements=st.integers(-1, 3)
)


def tracked_runs(labels):
    """Length of the tracked run every frame lies in, 0 where untracked."""
    out = np.zeros(len(labels), int)
    for tracked, group in itertools.groupby(range(len(labels)), lambda t: labels[t] != UNTRACKED):
        frames = list(group)
        out[frames] = len(frames) if tracked else 0
    return out


@settings(max_examples=80, deadline=None)
@given(labels=sequences, fps=st.sampled_from([3.0, 5.0, 29.97]))
def test_every_tracked_frame_lies_in_exactly_one_clip_of_a_proper_length(labels, fps):
    names = [f"mouse{i}" for i in range(labels.shape[1])]
    clips = cut_clips(labels, fps, names)
    covered = np.zeros(labels.shape, int)
    for row in range(len(clips)):
        covered[clips.start[row] : clips.end[row] + 1, clips.animal[row]] += 1
    assert (covered == (labels != UNTRACKED)).all()
    shortest, longest = ClipSettings().frames(fps)
    assert (clips.lengths <= longest).all()
    for row in range(len(clips)):
        run = tracked_runs(labels[:, clips.animal[row]])[clips.start[row]]
        assert clips.lengths[row] >= min(shortest, run)
        present = labels[clips.start[row] : clips.end[row] + 1, clips.animal[row]]
        assert clips.cluster[row] in present
    assert ((clips.confidence > 0) & (clips.confidence <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(
    shares=hnp.arrays(np.float64, st.tuples(st.integers(1, 7), st.just(3)),
                      elements=st.floats(0.05, 1)),
    shortest=st.integers(1, 3), cost=st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_the_smoothed_sequence_is_the_best_of_all(shares, shortest, cost):
    """Brute force over every sequence that keeps the minimum length."""
    shares = shares / shares.sum(axis=1, keepdims=True)

    def price(path):
        lengths = [len(list(group)) for _, group in itertools.groupby(path)]
        if len(lengths) > 1 and min(lengths) < shortest:
            return np.inf
        return sum(1 - shares[t, k] / shares[t].max() for t, k in enumerate(path)) + cost * (
            len(lengths) - 1
        )

    best = min(price(path) for path in itertools.product(range(3), repeat=len(shares)))
    assert price(tuple(smooth_labels(shares, shortest, cost))) == pytest.approx(best, abs=1e-9)


def test_flicker_goes_to_the_behaviour_around_it_and_changes_stay_where_they_are():
    labels = np.repeat([0, 1, 0], [40, 40, 40])[:, None]
    labels[[5, 50, 51, 100]] = 2
    clips = cut_clips(labels, 10.0, ["a"])
    assert clips.start.tolist() == [0, 40, 80]
    assert clips.end.tolist() == [39, 79, 119]
    assert clips.cluster.tolist() == [0, 1, 0]
    assert clips.confidence == pytest.approx([39 / 40, 38 / 40, 39 / 40])


def test_long_stretches_are_cut_into_equal_parts():
    clips = cut_clips(np.zeros((151, 1), int), 10.0, ["a"])
    assert sorted(clips.lengths.tolist()) == [37, 38, 38, 38]
    assert (clips.seconds <= 5).all()


def test_untracked_frames_part_clips_and_belong_to_none():
    labels = np.zeros((60, 1), int)
    labels[30] = UNTRACKED
    clips = cut_clips(labels, 10.0, ["a"])
    assert clips.start.tolist() == [0, 31]
    per_frame = clips.per_frame()
    assert per_frame[30, 0] == UNTRACKED
    assert per_frame[29, 0] == 0
    assert per_frame[31, 0] == 1


def test_an_animal_never_seen_has_no_clips():
    clips = cut_clips(np.full((50, 2), UNTRACKED), 10.0, ["a", "b"])
    assert len(clips) == 0
    assert (clips.per_frame() == UNTRACKED).all()


def test_soft_memberships_move_a_cut():
    """A doubtful frame goes to the side it leans to, whatever its hard label says."""
    shares = np.repeat([[1.0, 0.0], [0.0, 1.0]], [20, 20], axis=0)
    shares[18:20] = [0.45, 0.55]
    labels = np.repeat([0, 1], [20, 20])[:, None]
    clips = cut_clips(labels, 10.0, ["a"], memberships=shares[:, None])
    assert clips.start.tolist() == [0, 18]


def test_a_long_recording_is_quick_and_exact():
    generator = np.random.default_rng(0)
    labels = np.repeat(generator.integers(0, 5, 600), 30)[:, None]
    clips = cut_clips(labels, 30.0, ["a"])
    assert (clips.per_frame(clips.cluster) == labels).all()


def test_bouts_of_clips_refer_to_them():
    clips = cut_clips(np.repeat([2, 4], 20)[:, None], 10.0, ["A1"])
    first, second = clips.bouts()
    assert (first.animal, first.start_frame, first.end_frame, first.clips) == ("A1", 0, 19, (0,))
    assert (second.cluster, second.n_frames, second.source) == (4, 20, "clusters")


@pytest.mark.parametrize(
    ("shortest", "longest"), [(0.0, 5.0), (1.0, 1.5), (-1.0, 5.0)]
)  # fmt: skip
def test_impossible_lengths_are_refused(shortest, longest):
    with pytest.raises(TableError, match="cannot be cut"):
        ClipSettings(shortest, longest)


def test_tables_that_contradict_themselves_are_refused():
    def clips(start, end, animal=(0, 0)):
        table = (np.array(column) for column in (animal, start, end, (0, 0)))
        return Clips(("a",), 50, 10.0, *table, np.ones(2))

    with pytest.raises(TableError, match="overlap"):
        clips((0, 9), (9, 20))
    with pytest.raises(TableError, match="outside the recording"):
        clips((0, 20), (9, 50))
    with pytest.raises(TableError, match="does not name"):
        clips((0, 20), (9, 30), animal=(0, 1))
    with pytest.raises(TableError, match="must end where it starts or later"):
        Bout("a", 5, 4)
    with pytest.raises(TableError, match="do not fit 2 animals"):
        cut_clips(np.zeros((5, 1), int), 10.0, ["a", "b"])
    with pytest.raises(TableError, match="not positive"):
        cut_clips(np.zeros((5, 1), int), 0.0, ["a"])


def test_soft_and_sharp_memberships_of_the_same_order_cut_alike():
    """A Student-t kernel over many clusters never comes near 1; that must not merge everything."""
    labels = np.repeat([0, 1, 2, 0], 40)
    sharp = np.eye(30)[labels]
    soft = 0.02 + 0.08 * sharp
    soft /= soft.sum(axis=1, keepdims=True)
    starts = [
        cut_clips(labels[:, None], 25.0, ["a"], shares[:, None]).start.tolist()
        for shares in (sharp, soft)
    ]
    assert starts[0] == starts[1] == [0, 40, 80, 120]


def test_the_moment_between_two_behaviours_makes_no_clip_of_its_own():
    labels = np.repeat([0, 2, 1], [50, 15, 50])[:, None]
    clips = cut_clips(labels, 25.0, ["a"])
    assert clips.cluster.tolist() == [0, 1]
    assert 50 <= clips.start[1] <= 65
