import time

import numpy as np
import pytest
from tests.unit.identity.flag_session import SKELETON, clean_session

from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import BoneReference, bone_lengths
from napari_behaviorvlm.identity.flag_words import describe
from napari_behaviorvlm.identity.flags import (
    FlagSettings,
    Reason,
    SessionScale,
    compute_flags,
    rows_to_update,
    update_flags,
)


def flags_of(session, **keywords):
    reference = BoneReference.from_points(session.truth[:3], SKELETON)
    return compute_flags(
        session.labels, session.poses, session.rig, SKELETON, reference, **keywords
    )


def rows_with(flags, reason):
    return np.flatnonzero(flags.reason == reason)


def sentence(session, flags, index):
    return describe(flags, index, session.rig, SKELETON)


def test_nothing_is_flagged_where_nothing_is_wrong():
    flags = flags_of(clean_session())
    assert len(flags) == 0
    assert sum(flags.counts().values()) == 0


def test_the_view_that_disagrees_is_named_with_its_distance():
    session = clean_session()
    session.labels.xy[20, 3, 2] += (21, 0)
    session.retriangulate()
    flags = flags_of(session)
    assert len(flags) == 1
    row = (flags.frame[0], flags.keypoint[0], flags.camera[0], flags.reason[0])
    assert row == (120, 2, 3, Reason.VIEW_DISAGREES)
    assert flags.value[0] == pytest.approx(21, abs=1.5)
    assert sentence(session, flags, 0).startswith("side3 disagrees with the other five by 2")
    assert flags.doubt[0] > 0.8


def test_two_wrong_views_are_both_named():
    session = clean_session()
    session.labels.xy[20, 1, 2] += (30, 10)
    session.labels.xy[20, 4, 2] -= (5, 40)
    session.retriangulate()
    flags = flags_of(session)
    assert flags.camera.tolist() == [1, 4]
    assert set(flags.detail.tolist()) == {4}
    assert sentence(session, flags, 0).startswith("side1 disagrees with the other four by ")


def test_labels_that_do_not_meet_have_no_culprit():
    session = clean_session()
    shifts = np.array([[300, 40], [-90, 200], [20, -250], [0, 170], [150, -120], [-60, -220]])
    session.labels.xy[20, :, 2] += shifts
    session.labels.xy[30, 2:, 5] = np.nan
    session.labels.status[30, 2:, 5] = Status.UNLABELLED
    session.labels.xy[30, 1, 5] += (0, 300)
    session.retriangulate()
    flags = flags_of(session)
    lonely = rows_with(flags, Reason.HIGH_ERROR)
    assert 130 in flags.frame[lonely]
    at = int(lonely[flags.frame[lonely] == 130][0])
    assert sentence(session, flags, at) == "no two of its two views meet, so there is no 3D point"


def test_one_view_pulling_a_point_away_is_found_by_leaving_it_out():
    # As a plain (not robust) triangulation gives it: every view is off, one far more when left out.
    session = clean_session()
    session.poses.view_error[20, :, 2] = (7, 8, 6, 30, 7, 9)
    session.poses.leave_one_out[20, :, 2] = (9, 9, 8, 41, 9, 11)
    session.poses.error[20, 2] = 13.5
    flags = flags_of(session)
    named = rows_with(flags, Reason.VIEW_DISAGREES)
    assert flags.camera[named].tolist() == [3]
    assert sentence(session, flags, int(named[0])) == (
        "side3 disagrees with the other five by 41 px"
    )


@pytest.mark.parametrize(("views", "words"), [
    (2, "only two views support it"),
    (1, "labelled in one view only, so there is no 3D point"),
])  # fmt: skip
def test_few_views(views, words):
    session = clean_session()
    session.labels.xy[20, views:, 4] = np.nan
    session.labels.status[20, views:, 4] = Status.UNLABELLED
    session.retriangulate()
    flags = flags_of(session)
    few = rows_with(flags, Reason.FEW_VIEWS)
    assert (flags.frame[few].tolist(), flags.keypoint[few].tolist()) == ([120], [4])
    assert sentence(session, flags, int(few[0])) == words


def test_a_low_confidence_is_flagged_and_an_unknown_one_is_not():
    session = clean_session()
    session.poses.confidence[20, 1] = 0.62
    flags = flags_of(session)
    assert flags.reason.tolist() == [Reason.LOW_MARGIN]
    assert sentence(session, flags, 0) == "the name is uncertain: 62 % sure"
    assert flags.doubt[0] == pytest.approx(0.38)


def test_the_end_that_spoils_more_bones_is_blamed_for_a_wrong_length():
    session = clean_session()
    session.poses.points[20, 3] += (0, 0, 45)
    flags = flags_of(session)
    bones = rows_with(flags, Reason.BONE_LENGTH)
    assert flags.keypoint[bones].tolist() == [3]
    assert flags.value[bones[0]] > flags.high[bones[0]]
    assert sentence(session, flags, int(bones[0])).startswith(
        "back_top and back_middle are 51 mm apart (usual: at most 2"
    )


def test_bones_stay_in_range_of_the_seeds_even_in_a_short_session():
    session = clean_session(n_frames=5)
    session.poses.points[2, 11] = session.poses.points[2, 10] + (0, 0, 2.0)
    flags = flags_of(session)
    at = rows_with(flags, Reason.BONE_LENGTH)
    assert flags.keypoint[at].tolist() == [11]
    assert sentence(session, flags, int(at[0])).startswith(
        "tail_middle and tail_tip are only 2.0 mm apart (usual: "
    )


def test_a_jump_is_flagged_at_its_frame_only():
    session = clean_session()
    session.poses.points[20, 11] += (0, 0, 30)
    flags = flags_of(session)
    jumps = rows_with(flags, Reason.JUMP)
    assert flags.frame[jumps].tolist() == [120]
    assert flags.value[jumps[0]] == pytest.approx(30, abs=1)
    assert sentence(session, flags, int(jumps[0])).startswith("jumps 30 mm off its path (usual")


def test_swapped_paws_say_so():
    session = clean_session()
    points = session.poses.points
    points[20, [7, 8]] = points[20, [8, 7]].copy()
    flags = flags_of(session)
    jumps = rows_with(flags, Reason.JUMP)
    assert flags.keypoint[jumps].tolist() == [7, 8]
    assert flags.detail[jumps].tolist() == [8, 7]
    assert sentence(session, flags, int(jumps[0])).endswith(
        "to where hindpaw_R should be: swapped?"
    )


def test_a_swap_that_stays_is_flagged_where_it_begins():
    session = clean_session()
    points = session.poses.points
    points[20:, [7, 8]] = points[20:, [8, 7]].copy()
    flags = flags_of(session)
    jumps = rows_with(flags, Reason.JUMP)
    assert set(flags.keypoint[jumps].tolist()) == {7, 8}
    assert set(flags.frame[jumps].tolist()) <= {119, 120}


def test_frames_far_apart_in_time_do_not_jump():
    session = clean_session()
    session.labels.frames[:] = np.arange(60) * 50
    session.poses.frames = session.labels.frames
    session.poses.points[20, 11] += (0, 0, 30)
    assert not len(rows_with(flags_of(session), Reason.JUMP))


def test_a_hole_between_found_points_is_missing_unless_a_person_said_hidden():
    session = clean_session()
    for row in (20, 21, 40):
        session.labels.xy[row, :, 6] = np.nan
        session.labels.status[row, :, 6] = Status.UNLABELLED
    session.labels.status[40, 0, 6] = Status.OCCLUDED
    session.retriangulate()
    flags = flags_of(session)
    assert flags.frame.tolist() == [120, 121]
    assert flags.counts()[Reason.MISSING] == 2
    assert (flags.doubt == 0).all()
    assert sentence(session, flags, 0).startswith("not found, though it is found one frame away")


def test_sources_that_disagree():
    session = clean_session()
    other = Labels.empty(session.labels.frames, len(session.rig), len(SKELETON))
    other.xy[20, 2, 1] = session.labels.xy[20, 2, 1] + (0, 34)
    other.xy[21, 2, 1] = session.labels.xy[21, 2, 1] + (0, 1)
    other.status[20:22, 2, 1] = Status.PROPOSED
    other.source[20:22, 2, 1] = Source.VLM
    flags = flags_of(session, others=[other])
    assert len(flags) == 1
    assert sentence(session, flags, 0) == ("the vision-language model puts it 34 px away in side2")


def test_limits_follow_the_scatter_of_the_session():
    calm = SessionScale.measure(clean_session(noise=0.3).poses, SKELETON)
    assert calm.error_px == FlagSettings().error_floor_px
    session = clean_session()
    session.poses.view_error *= 20
    rough = SessionScale.measure(session.poses, SKELETON)
    assert rough.error_px > 20


@pytest.mark.parametrize("row", [0, 7, 20, 59])
def test_an_edit_updates_exactly_what_a_full_run_would_change(row):
    session = clean_session()
    rng = np.random.default_rng(row)
    wrong = rng.integers(0, [60, 6, 12], (40, 3)).T
    session.labels.xy[tuple(wrong)] += rng.normal(0, 40, (40, 2))
    session.labels.xy[rng.integers(0, 60, 8), :, 3] = np.nan
    session.labels.status[np.isnan(session.labels.xy[..., 0])] = Status.UNLABELLED
    session.retriangulate()
    scale = SessionScale.measure(session.poses, SKELETON)
    before = flags_of(session, scale=scale)
    session.labels.xy[row, 1] += 25
    session.labels.xy[row, :, 2] = np.nan
    session.labels.status[row, :, 2] = Status.UNLABELLED
    session.retriangulate()
    updated = update_flags(
        before, row, labels=session.labels, poses=session.poses, rig=session.rig,
        skeleton=SKELETON, scale=scale,
    )  # fmt: skip
    full = flags_of(session, scale=scale)
    assert len(full) > 20
    for name in ("frame", "keypoint", "camera", "reason", "value", "detail", "doubt"):
        np.testing.assert_array_equal(getattr(updated, name), getattr(full, name))


def test_flagged_cells_are_the_named_view_or_all_views():
    session = clean_session()
    session.labels.xy[20, 3, 2] += (21, 0)
    session.retriangulate()
    session.poses.confidence[30, 1] = 0.5
    cells = flags_of(session).flagged_cells(session.labels)
    expected = np.zeros(cells.shape, bool)
    expected[20, 3, 2] = True
    expected[30, :, 1] = True
    np.testing.assert_array_equal(cells, expected)


def test_arrays_that_do_not_fit_are_refused():
    session = clean_session(n_frames=5)
    with pytest.raises(ValueError, match="frames x cameras x keypoints"):
        compute_flags(session.labels, session.poses, session.rig, Skeleton(("a",)))


def test_a_session_without_points_or_edges():
    session = clean_session(n_frames=4)
    skeleton = Skeleton(SKELETON.keypoints)
    session.labels.status[:] = Status.UNLABELLED
    session.labels.xy[:] = np.nan
    session.retriangulate()
    flags = compute_flags(session.labels, session.poses, session.rig, skeleton)
    assert len(flags) == 0


def test_bone_reference_knows_what_the_seeds_show():
    session = clean_session(n_frames=3)
    points = session.truth.copy()
    points[:, 11] = np.nan
    points[1, 10] = np.nan
    reference = BoneReference.from_points(points, SKELETON)
    edge = SKELETON.edges.index(("tail_middle", "tail_tip"))
    assert np.isnan(reference.low[edge])
    assert reference.count[edge] == 0
    edge = SKELETON.edges.index(("tail_base", "tail_middle"))
    lengths = bone_lengths(session.truth, SKELETON)[[0, 2], edge]
    assert (reference.low[edge], reference.high[edge]) == (lengths.min(), lengths.max())
    assert reference.count[edge] == 2


def test_one_frame_of_a_long_session_is_judged_in_constant_time():
    short, long = clean_session(n_frames=30), clean_session(n_frames=900)
    times = {}
    for session in (short, long):
        scale = SessionScale.measure(session.poses, SKELETON)
        rows = rows_to_update(15, len(session.labels.frames))
        best = []
        for _ in range(15):
            start = time.perf_counter()
            compute_flags(session.labels, session.poses, session.rig, SKELETON, rows=rows,
                          scale=scale)  # fmt: skip
            best.append(time.perf_counter() - start)
        times[len(session.labels.frames)] = min(best)
    assert times[900] < 5 * times[30]
