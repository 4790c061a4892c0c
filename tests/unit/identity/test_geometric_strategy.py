from dataclasses import replace

import numpy as np
import pytest
from tests.unit.identity.synthetic_animal import rig, session

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.evaluation import evaluate, evaluate_doubt, evaluate_keypoints
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes
from napari_behaviorvlm.identity.strategies.geometric import GeometricSettings, GeometricStrategy


def run(recording, frames=None, votes=None, strategy=None, candidates=None):
    seeds = Seeds.from_table(recording.seeds, recording.rig, recording.skeleton)
    steps = (strategy or GeometricStrategy()).label(
        recording.rig, recording.skeleton, seeds,
        recording.candidates if candidates is None else candidates,
        recording.frames if frames is None else frames, votes,
    )  # fmt: skip
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


@pytest.fixture(scope="module")
def labelled():
    recording = session(60)
    return recording, *run(recording)


def test_nearly_all_points_get_the_right_name(labelled):
    recording, (labels, poses), _ = labelled
    seen = (recording.truth > 0).sum(1) >= 2
    score = evaluate(poses.points, recording.points, seen)
    assert score.within > 0.99
    assert score.coverage > 0.97
    assert score.mean < 0.6
    named = labels.candidate > 0
    assert (labels.candidate == recording.truth)[named].mean() > 0.98


def test_labels_say_where_they_come_from(labelled):
    recording, (labels, poses), progress = labelled
    proposed = labels.status == Status.PROPOSED
    assert (labels.candidate[proposed] > 0).all()
    assert np.isfinite(labels.xy[proposed]).all()
    assert np.isnan(labels.xy[~proposed]).all()
    claimed = labels.status != Status.UNLABELLED
    assert (labels.source[claimed] == Source.GEOMETRIC).all()
    assert ((labels.confidence[claimed] >= 0) & (labels.confidence[claimed] <= 1)).all()
    assert np.isnan(labels.confidence[~claimed]).all()
    assert set(np.unique(labels.status)) <= {0, 1, 4, 6}
    # A candidate's position is the candidate's, not the projection's.
    f, c, k = np.argwhere(proposed)[100]
    dots = recording.candidates.of(int(f), int(c)).xy
    np.testing.assert_array_equal(labels.xy[f, c, k], dots[labels.candidate[f, c, k] - 1])
    assert (poses.n_views == proposed.sum(1))[np.isfinite(poses.error)].all()
    assert all(isinstance(step, Progress) for step in progress)
    assert progress[-1].done == progress[-1].total == 60


def test_missed_dots_are_proposed_as_occluded(labelled):
    recording, (labels, _), _ = labelled
    absent = recording.truth == 0
    dark = labels.status == Status.OCCLUDED
    assert dark.sum() > 0.5 * absent.sum()
    assert absent[dark].mean() > 0.97


def test_points_outside_the_picture_are_out_of_view():
    recording = session(30, missed=0.05)
    (labels, _), _ = run(recording)
    outside = labels.status == Status.OUT_OF_VIEW
    assert outside.sum() == 0 or (recording.truth[outside] == 0).all()
    table = recording.candidates
    width = int(np.median(table.xy[table.camera == 0, 0]))
    small = replace(recording.rig.cameras[0], size=(width, 1024))
    recording.rig = type(recording.rig)((small, *recording.rig.cameras[1:]))
    recording.candidates = table.select((table.camera != 0) | (table.xy[:, 0] < width - 1))
    recording.candidates = renumbered(recording.candidates)
    (labels, _), _ = run(recording)
    assert (labels.status[:, 0] == Status.OUT_OF_VIEW).any()


def renumbered(table):
    group = table.frame * 100 + table.camera
    first = np.searchsorted(group, group)
    number = (np.arange(len(group)) - first + 1).astype(np.int32)
    return CandidateTable(table.frame, table.camera, number, table.xy, table.intensity, table.size)


def test_answer_does_not_depend_on_what_else_is_asked_or_on_the_run():
    recording = session(50)
    settings = GeometricSettings(window=16, overlap=8)
    whole, _ = run(recording, strategy=GeometricStrategy(settings))
    again, _ = run(recording, strategy=GeometricStrategy(settings))
    part, _ = run(recording, np.array([3, 17, 40]), strategy=GeometricStrategy(settings))
    np.testing.assert_array_equal(whole.labels.candidate, again.labels.candidate)
    np.testing.assert_array_equal(whole.poses.points, again.poses.points)
    np.testing.assert_array_equal(part.labels.frames, [3, 17, 40])
    np.testing.assert_array_equal(part.labels.candidate, whole.labels.candidate[[3, 17, 40]])
    np.testing.assert_array_equal(part.poses.confidence, whole.poses.confidence[[3, 17, 40]])


def test_reflections_in_the_floor_are_not_the_animal():
    recording = session(60, reflections=True, missed=0.1)
    (_, poses), _ = run(recording)
    score = evaluate(poses.points, recording.points, (recording.truth > 0).sum(1) >= 2)
    assert score.within > 0.97
    assert score.coverage > 0.95


def test_doubt_finds_the_wrong_ones():
    recording = session(60, missed=0.45, spurious=6)
    (_, poses), _ = run(recording)
    doubt = evaluate_doubt(poses.confidence, poses.points, recording.points)
    assert np.isnan(doubt.auroc) or doubt.auroc > 0.8


def test_votes_of_others_can_overrule():
    recording = session(20, missed=0)
    free, _ = run(recording)
    left, right = 7, 8
    number = recording.truth[:, :, right]
    frame, camera = np.nonzero(number)
    votes = CandidateVotes(
        frame, camera.astype(np.int16), number[frame, camera].astype(np.int32),
        np.full(len(frame), left, np.int16), np.full(len(frame), 20.0),
    )  # fmt: skip
    voted, _ = run(recording, votes=votes)
    assert (free.labels.candidate[:, :, left] == recording.truth[:, :, left]).mean() > 0.95
    assert (voted.labels.candidate[:, :, left] == number).mean() > 0.95


def test_other_animals_without_pairs_or_regions():
    recording = session(40)
    recording.skeleton = Skeleton(tuple(f"marker {n}" for n in range(12)))
    (_, poses), _ = run(recording)
    score = evaluate(poses.points, recording.points, (recording.truth > 0).sum(1) >= 2)
    assert score.within > 0.97


def test_frames_without_candidates_stay_empty():
    recording = session(20)
    (labels, poses), progress = run(recording, np.array([5, 500, 900]))
    assert (labels.status[1:] == Status.UNLABELLED).all()
    assert np.isnan(poses.points[1:]).all()
    assert (labels.candidate[0] > 0).any()
    assert progress[-1].done <= progress[-1].total == 3
    (labels, _), _ = run(recording, candidates=CandidateTable.empty())
    assert (labels.status == Status.UNLABELLED).all()


def test_seeds_that_tell_too_little_are_refused():
    recording = session(10)
    with pytest.raises(IdentityError, match="no seed labels"):
        Seeds.from_table(
            SeedTable(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2))),
            recording.rig, recording.skeleton,
        )  # fmt: skip
    keep = recording.seeds.keypoint != 4
    table = recording.seeds
    recording.seeds = SeedTable(
        table.frame[keep], table.camera[keep], table.keypoint[keep], table.xy[keep]
    )
    with pytest.raises(IdentityError, match="back_bottom"):
        run(recording)
    wrong = SeedTable(table.frame, table.camera, table.keypoint + 5, table.xy)
    with pytest.raises(IdentityError, match="of only 12"):
        Seeds.from_table(wrong, recording.rig, recording.skeleton)


def test_one_camera_is_not_enough():
    recording = session(10)
    one = recording.rig.subset(["view 0"])
    seeds = Seeds.from_table(recording.seeds, recording.rig, recording.skeleton)
    steps = GeometricStrategy().label(
        one, recording.skeleton, seeds, recording.candidates, recording.frames
    )
    with pytest.raises(IdentityError, match="two calibrated cameras"):
        next(steps)


def test_seeds_are_triangulated_and_keep_occlusions():
    recording = session(10)
    table = recording.seeds
    xy = table.xy.copy()
    hidden = (table.frame == 0) & (table.keypoint == 3) & (table.camera == 2)
    xy[hidden] = np.nan
    seeds = Seeds.from_table(
        SeedTable(table.frame, table.camera, table.keypoint, xy), rig(), recording.skeleton
    )
    assert seeds.status[0, 2, 3] == Status.OCCLUDED
    assert np.linalg.norm(seeds.points - recording.points[seeds.frames], axis=-1).max() < 1


def test_evaluation_counts_as_documented():
    truth = np.zeros((2, 3, 3))
    points = truth.copy()
    points[0, 0, 0] = 8.0
    points[1, 1] = np.nan
    seen = np.ones((2, 3), bool)
    seen[1, 2] = False
    score = evaluate(points, truth, seen)
    assert (score.mean, score.median) == (2.0, 0.0)
    assert (score.within, score.coverage, score.identities) == (0.75, 0.8, 0.6)
    assert evaluate_keypoints(points, truth, seen, "abc")["b"].coverage == 0.5
    confidence = np.ones((2, 3))
    confidence[0, 0] = 0.2
    doubt = evaluate_doubt(confidence, points, truth)
    assert (doubt.auroc, doubt.wrong) == (1.0, 1)
    assert doubt.brier == pytest.approx(0.2**2 / 5)
    assert np.isnan(evaluate(points * np.nan, truth, seen).mean)
