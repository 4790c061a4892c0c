"""Curves that are drawn thinned and patched: no peak is lost, no stale value stays."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.labels import Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.gui.models.curves import (
    BoneCurves,
    Curve,
    ErrorBand,
    ErrorCurves,
    Stretches,
    bone_stretches,
    flagged_stretches,
    quantiles,
    worst_view,
)
from napari_behaviorvlm.gui.models.drift import CameraErrors, camera_sentence
from napari_behaviorvlm.identity.flags import FlagTable, Reason

NAMES = ["cam0", "cam1", "cam2", "cam3", "cam4", "cam5"]


def noisy_poses(n_frames=2000, n_cameras=6, n_keypoints=5, usual=0.3, seed=0):
    rng = np.random.default_rng(seed)
    poses = Poses.empty(np.arange(n_frames), n_cameras, n_keypoints)
    poses.leave_one_out[:] = usual * rng.rayleigh(0.85, poses.leave_one_out.shape)
    poses.view_error[:] = 0.8 * poses.leave_one_out
    poses.error[:] = np.sqrt((poses.view_error**2).mean(1))
    poses.points[:] = rng.normal(0, 1, poses.points.shape)
    return poses


def cameras_say(poses, fps=None):
    errors = CameraErrors.measure(poses)
    found = errors.disagreements(poses)
    return camera_sentence(errors, found, NAMES[: poses.view_error.shape[1]], fps)


@pytest.mark.parametrize("columns", [100, 700, 5000])
@pytest.mark.parametrize(("first", "last"), [(0, 99_999), (31_234, 48_765), (500, 777)])
def test_every_peak_is_drawn_at_every_zoom(first, last, columns):
    values = np.random.default_rng(0).normal(0, 1, 100_000)
    values[::3] = np.nan
    values[[500, 40_000, 99_998]] = 50, -60, 70
    frames, low, high = Curve(values).thinned(first, last, columns)
    assert len(frames) <= 2 * columns + 2
    seen = values[first : last + 1]
    assert np.nanmax(high) >= np.nanmax(seen)
    assert np.nanmin(low) <= np.nanmin(seen)
    assert frames[0] <= first
    widest = np.diff(frames).max(initial=1)
    assert frames[-1] + widest > last
    for start, top in list(zip(frames, high, strict=True))[1:-1:17]:
        if widest > 3:
            assert top == np.nanmax(values[start : start + widest])


def test_gaps_interrupt_the_line():
    values = np.arange(11.0)
    values[4:6] = np.nan
    values[8] = np.inf
    frames, line = Curve(values).line(0, 10, 100)
    assert frames.tolist() == list(range(11))
    assert np.isnan(line).nonzero()[0].tolist() == [4, 5, 8]
    assert not np.isinf(line).any()
    long = np.ones(6400)
    long[1280:1920] = np.nan
    assert np.isnan(Curve(long).line(0, 6399, 10)[1]).sum() == 2


def test_a_value_alone_is_seen():
    values = np.full(1000, np.nan)
    values[[100, 700, 701]] = 3.0
    frames, line = Curve(values).line(0, 999, 2000)
    dash = np.flatnonzero(np.isfinite(line) & (np.abs(frames - 100) < 0.5))
    assert np.ptp(frames[dash]) > 0.5
    assert (line[dash] == 3.0).all()
    assert len(dash) == 3  # the value itself and both ends of its dash
    frames, line = Curve(values).line(0, 999, 50)
    assert np.isfinite(line[(frames > 80) & (frames < 120)]).sum() >= 3


@given(st.lists(st.integers(0, 299), min_size=1, max_size=20), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_a_patched_curve_is_as_one_made_anew(rows, columns):
    rng = np.random.default_rng(len(rows))
    curve = Curve(rng.normal(0, 1, 300))
    new = rng.normal(0, 9, len(set(rows)))
    new[0] = np.nan
    curve.patch(sorted(set(rows)), new)
    fresh = Curve(curve.values)
    for ours, theirs in zip(
        curve.thinned(0, 299, columns), fresh.thinned(0, 299, columns), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_equal(curve.highest, np.nanmax(curve.values))


def test_quantiles_are_numpys_without_the_unknown():
    values = np.random.default_rng(0).normal(0, 1, (50, 12))
    values[values > 1] = np.nan
    values[7] = np.nan
    values[8, 1:] = np.inf
    with np.errstate(all="ignore"):
        known = np.where(np.isfinite(values), values, np.nan)
        expected = np.array([[np.nan if np.isnan(row).all() else np.nanquantile(row, share)
                              for row in known] for share in (0.05, 0.5, 0.95)])  # fmt: skip
    np.testing.assert_allclose(quantiles(values, (0.05, 0.5, 0.95)), expected)


def test_the_worst_view_counts_although_it_was_left_out():
    assert worst_view(np.array([[0.2, 21.0, np.nan], [np.nan] * 3, [np.inf, 1, 2]])).tolist()[
        0::2
    ] == [21.0, 2.0]
    assert np.isnan(worst_view(np.array([[np.nan, np.nan]]))).all()


def test_curves_follow_an_edit():
    poses = noisy_poses(300)
    curves, band = ErrorCurves.of(poses, 2), ErrorBand.of(poses)
    poses.error[[7, 250], 2] = 33.0, np.nan
    poses.view_error[[7, 250], :, 2] = 44.0
    poses.error[100] = 5.0
    curves.update(poses, [7, 250])
    band.update(poses, [7, 100, 250])
    assert curves.used.values[7] == 33.0
    assert np.isnan(curves.used.values[250])
    assert curves.worst.highest == 44.0
    for ours, theirs in (
        (band.low, ErrorBand.of(poses).low),
        (band.high, ErrorBand.of(poses).high),
    ):
        np.testing.assert_array_equal(ours.values, theirs.values)
    assert band.low.values[100] == 5.0


def test_bones_are_compared_with_the_seed_frames():
    skeleton = Skeleton(("a", "b", "c"), (("a", "b"), ("b", "c")))
    poses = Poses.empty(np.arange(50), 3, 3)
    poses.points[:] = [[0, 0, 0], [10, 0, 0], [10, 20, 0]]
    poses.points[[5, 6], 1, 0] = 12.0
    poses.points[30:33, 2, 1] = 40.0
    bones = BoneCurves.of(poses, skeleton, [4, 5, 900])
    assert bones.reference.low[0] == 10
    assert bones.reference.high[0] == 12
    assert bones.outside(0, 0.3) == 0
    assert bones.outside(1, 0.3) == 3
    assert bones.of_keypoint(1) == [0, 1]
    poses.points[31, 2, 1] = 20.0
    bones.update(poses, [31])
    assert bones.outside(1, 0.3) == 2


def test_stretches_are_runs():
    runs = Stretches.of(np.array([9, 3, 4, 4, 5, 100]))
    assert runs.first.tolist() == [3, 9, 100]
    assert runs.last.tolist() == [5, 9, 100]
    assert runs.frames == 5
    assert len(Stretches.of(np.zeros(0, np.int64))) == 0


def test_seen_stretches_join_where_the_screen_cannot_part_them():
    runs = Stretches.of(np.arange(0, 100_000, 7))
    assert len(runs.seen(0, 99_999, 0)) == len(runs)
    joined = runs.seen(0, 99_999, 100)
    assert (joined.first.tolist(), joined.last.tolist()) == ([0], [99_995])
    part = runs.seen(70, 90, 0)
    assert part.first.tolist() == [70, 77, 84]


def test_flagged_stretches_are_the_keypoints_or_the_bones_own():
    n = 4
    flags = FlagTable(
        np.array([3, 4, 4, 9]), np.array([1, 1, 2, 1], np.int16), np.full(n, -1, np.int16),
        np.array([Reason.JUMP, Reason.BONE_LENGTH, Reason.BONE_LENGTH, Reason.JUMP], np.uint8),
        *(np.zeros(n, np.float32) for _ in range(3)), np.array([0, 5, 6, 5], np.int16),
        np.zeros(n, np.float32),
    )  # fmt: skip
    assert flagged_stretches(flags, 1).first.tolist() == [3, 9]
    assert bone_stretches(flags, 5).first.tolist() == [4]


# Cameras -----------------------------------------------------------------------------------------


def test_cameras_that_agree():
    assert cameras_say(noisy_poses()) == "All cameras agree within 0.3 px."


@pytest.mark.parametrize("first", [1203, 37, 1900])
@pytest.mark.parametrize("shift", [2.0, 6.1])
def test_a_bumped_camera_is_named_with_the_frame(first, shift):
    poses = noisy_poses()
    poses.leave_one_out[first:, 4] += shift
    others = [0, 1, 2, 3, 5]
    poses.leave_one_out[first:, others] += shift / 5  # it draws the points of the others too
    said = cameras_say(poses, fps=30.0)
    pixels = np.median(poses.leave_one_out[first:, 4])
    assert said.startswith(f"cam4 disagrees with the others by {pixels:.1f} px since frame ")
    frame = int(said.split("since frame ")[1].split()[0])
    assert abs(frame - first) <= 1
    assert f"({frame / 30:.1f} s)" in said


def test_a_camera_that_was_put_back():
    poses = noisy_poses()
    poses.leave_one_out[600:900, 1] += 4
    assert cameras_say(poses) == (
        f"cam1 disagrees with the others by {np.median(poses.leave_one_out[600:900, 1]):.1f} px "
        "from frame 600 to 899."
    )


def test_a_camera_that_is_off_throughout_and_one_that_drifts():
    poses = noisy_poses()
    poses.leave_one_out[:, 0] += 3
    assert cameras_say(poses).endswith("throughout the session.")
    poses = noisy_poses()
    poses.leave_one_out[:, 3] += np.linspace(0, 9, 2000)[:, None]
    said = cameras_say(poses)
    assert said.startswith("cam3 drifts away from the others since frame ")
    assert 100 < int(said.split("frame ")[1].split(":")[0]) < 500


def test_two_cameras_at_once():
    poses = noisy_poses()
    poses.leave_one_out[500:, 5] += 7
    poses.leave_one_out[1000:, 2] += 5
    first, second = cameras_say(poses).split(". ")
    assert first.startswith("cam5 disagrees")
    assert second.startswith("cam2 disagrees")
    assert second.endswith("since frame 1000.")


def test_a_few_wrong_labels_are_no_cameras_fault():
    poses = noisy_poses()
    poses.leave_one_out[100:140, 2, 1] = 80
    poses.leave_one_out[1500:1512, 3] = 30
    assert cameras_say(poses) == "All cameras agree within 0.3 px."


def test_all_cameras_worse_is_nobodys_fault():
    poses = noisy_poses(usual=8.0)
    assert "not one alone" in cameras_say(poses)


def test_without_points_and_with_two_cameras():
    assert cameras_say(Poses.empty(np.arange(100), 4, 3)).startswith("There are no 3D points yet")
    assert cameras_say(noisy_poses(n_cameras=2)).startswith("The two cameras agree within 0.")


def test_camera_errors_follow_an_edit():
    poses = noisy_poses()
    errors = CameraErrors.measure(poses)
    poses.leave_one_out[42] = 99.0
    poses.leave_one_out[1999, :, :] = np.nan
    errors.update(poses, [42, 1999])
    fresh = CameraErrors.measure(poses)
    np.testing.assert_array_equal(errors.median, fresh.median)
    np.testing.assert_array_equal(errors.spread, fresh.spread)


def test_the_work_does_not_grow_with_the_session():
    poses = noisy_poses(200_000, 6, 3)
    short, long = [], []
    for times, part in ((short, 20_000), (long, 200_000)):
        some = Poses(*(getattr(poses, name)[:part] for name in Poses.__dataclass_fields__))
        for _ in range(3):
            start = time.perf_counter()
            CameraErrors.measure(some)
            times.append(time.perf_counter() - start)
    assert min(long) < 5 * min(short)  # ten times the frames
