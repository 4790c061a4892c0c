"""People's decisions over computed proposals, and 3D that follows them."""

import numpy as np
import pytest
from tests.unit.workflows.small_session import candidate_table, seed_rows, small_project, truth

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.review import RULE_UNFLAGGED, accept_unflagged
from napari_behaviorvlm.workflows.seed import seed, snap
from napari_behaviorvlm.workflows.state import load_state


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def project(tmp_path):
    project = small_project(tmp_path / "small")
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 9, 15], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    yield project
    project.close()


def test_labels_without_videos_reach_the_truth(project):
    report = run(label(project, LabelRequest()))
    assert report.points == report.points_possible == 60
    state = load_state(project)
    np.testing.assert_allclose(state.poses.points, truth(20), atol=1e-3)
    assert (state.labels.candidate == np.arange(1, 4)).all()


def test_a_correction_lies_over_the_proposal_and_moves_the_point(project):
    run(label(project, LabelRequest()))
    before = load_state(project)
    x, y = before.labels.xy[5, 1, 0]
    wrong = StoredLabel(x + 40, y, 0, Status.CORRECTED, Source.HUMAN, 1.0, "Ann")
    project.store.apply([((5, 1, 0), wrong)], "move", "Ann")
    after = load_state(project)
    assert after.labels.status[5, 1, 0] == Status.CORRECTED
    assert after.poses.view_error[5, 1, 0] == pytest.approx(40, abs=1)
    assert after.poses.leave_one_out[5, 1, 0] == pytest.approx(40, abs=1)
    assert after.poses.n_views[5, 0] == 3
    np.testing.assert_array_equal(after.poses.points[6:], before.poses.points[6:])
    project.store.undo()
    np.testing.assert_allclose(load_state(project).poses.points, before.poses.points, atol=1e-6)


def test_rejecting_all_views_takes_the_point_away(project):
    run(label(project, LabelRequest()))
    rejected = StoredLabel(None, None, 0, Status.REJECTED, Source.HUMAN, None, "Ann")
    project.store.apply([((5, c, 0), rejected) for c in range(4)], "delete everywhere", "Ann")
    state = load_state(project)
    assert np.isnan(state.poses.points[5, 0]).all()
    assert np.isfinite(state.poses.points[5, 1:]).all()
    assert state.poses.n_views[5, 0] == 0


def test_a_new_run_never_changes_what_people_decided(project):
    run(label(project, LabelRequest()))
    moved = StoredLabel(11.0, 12.0, 0, Status.CORRECTED, Source.HUMAN, 1.0, "Ann")
    project.store.apply([((5, 1, 0), moved)], "move", "Ann")
    run(label(project, LabelRequest()))
    assert load_state(project).labels.xy[5, 1, 0].tolist() == [11.0, 12.0]


def test_rule_accepted_labels_keep_their_source_and_say_by_which_rule(project):
    run(label(project, LabelRequest()))
    count = accept_unflagged(project)
    assert count > 0
    labels = [entry for _, entry in project.store.labels() if entry.author == RULE_UNFLAGGED]
    assert len(labels) == count
    assert {(entry.status, entry.source) for entry in labels} == {
        (Status.ACCEPTED, Source.GEOMETRIC)
    }
    assert accept_unflagged(project) == 0


def test_seeds_snap_within_five_pixels_and_stay_beyond(project):
    table = candidate_table(3, project.rig)
    x, y = table.of(1, 2).xy[0]
    assert snap(table, 1, 2, np.array([x + 4.9, y])) == (x, y, 1)
    far = snap(table, 1, 2, np.array([x, y - 5.1]))
    assert far[2] == 0 or far[:2] != (x, y)
    assert snap(table, 1, 2, np.array([np.nan, np.nan])) == (None, None, 0)


def test_what_seeds_lack_is_said_once(project, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("frame,camera,keypoint,x,y\n3,cam0,nose,10,10\n3,cam1,nose,,\n")
    few, unplaced = seed(project, path, author="Ann").warnings[:2]
    assert few.startswith("Only 1 seed frame: 3 frames")
    names = ", ".join(project.skeleton.keypoints)
    assert unplaced == (f"No seed frame shows {names} in two views: their 3D places are unknown.")


def test_a_seed_file_given_twice_is_one_state(project, tmp_path):
    before = list(project.store.labels())
    seed(project, tmp_path / "seeds.csv", author="Ann")
    assert [cell for cell, _ in project.store.labels()] == [cell for cell, _ in before]
    assert project.store.seed_frames() == [2, 9, 15]
