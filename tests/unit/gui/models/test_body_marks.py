"""Marks over the video: outlines, arrows and poses, where there are any."""

import numpy as np
import pytest
from tests.unit.behavior.mice import bodies_of
from tests.unit.gui.models.behavior_sessions import behavior_session

from napari_behaviorvlm.gui.models.body_marks import body_marks, nearest_animal
from napari_behaviorvlm.gui.models.shown_poses import ShownPoses, read_shown_poses
from napari_behaviorvlm.io.behavior_folder import Recording


@pytest.fixture
def bodies():
    centre = np.full((3, 2, 2), 50.0)
    centre[:, 1] = 150.0
    centre[2, 1] = np.nan
    touching = np.zeros((3, 2), bool)
    touching[1, 1] = True
    return bodies_of(centre, np.full((3, 2), np.pi / 2), touching=touching)


def test_the_outline_goes_around_the_body_and_is_broken_where_it_is_a_guess(bodies):
    whole, other = body_marks(bodies, 0)
    ends = whole.outline.reshape(-1, 2)
    np.testing.assert_allclose(np.ptp(ends, axis=0), [1.15 * 18, 1.15 * 40], rtol=0.02)
    np.testing.assert_allclose(ends.mean(axis=0), [50, 50], atol=0.5)
    assert len(body_marks(bodies, 1)[1].outline) < len(other.outline)
    assert [mark.animal for mark in body_marks(bodies, 2)] == [0]
    assert body_marks(bodies, 3) == []


def test_the_nearest_animal_within_reach_is_meant(bodies):
    marks = body_marks(bodies, 0)
    assert nearest_animal(marks, (52.0, 60.0), 3) == 0
    assert nearest_animal(marks, (100.0, 100.0), 3) is None


def test_poses_are_those_of_the_frame_and_unknown_points_are_left_out():
    positions = np.arange(2 * 1 * 3 * 2, dtype=float).reshape(2, 1, 3, 2)
    positions[1, 0, 2] = np.nan
    poses = ShownPoses(positions, 10, np.array([[0, 1], [1, 2]]))
    np.testing.assert_array_equal(poses.points(10, 0), positions[0, 0])
    assert len(poses.points(11, 0)) == 2
    assert len(poses.lines(10, 0)) == 2
    np.testing.assert_array_equal(poses.lines(11, 0), positions[1, 0, [0, 1]][None])
    assert len(poses.points(9, 0)) == len(poses.points(12, 0)) == len(poses.points(10, 1)) == 0


def test_poses_in_pixels_are_read_and_those_in_space_are_not_drawn(tmp_path):
    session = behavior_session(tmp_path / "box.behavior")
    try:
        assert read_shown_poses(session.folder, session.recording) is None
        for name, axes in (("flat.csv", "xy"), ("space.csv", "xyz")):
            place = tmp_path / name
            place.write_text(f"frame,keypoint,{','.join(axes)}\n"
                             f"0,nose,{','.join('123'[: len(axes)])}\n")  # fmt: skip
            found = read_shown_poses(session.folder, Recording("box", None, place, fps=25.0))
            if axes == "xy":
                np.testing.assert_array_equal(found.points(0, 0), [[1.0, 2.0]])
            else:
                assert found is None
    finally:
        session.folder.close()
