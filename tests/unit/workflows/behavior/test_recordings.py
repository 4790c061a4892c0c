"""What people change of a recording: animals, poses, scale, and where its video lies."""

import pytest
from tests.unit.workflows.behaving_folder import small_video
from tests.unit.workflows.behavior.test_sources import dlc_csv

from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.recordings import (
    RecordingChange,
    change_recording,
    find_video,
)
from napari_behaviorvlm.workflows.behavior.sources import Sources, open_sources


@pytest.fixture
def video(tmp_path):
    return small_video(tmp_path / "mice.mp4", 12)


def test_a_person_changes_animals_scale_and_poses_of_a_recording(video, tmp_path):
    poses = dlc_csv(tmp_path / "poses.csv", ("Mia", "Tom"), 12)
    with open_sources(Sources((video,))) as folder:
        changed = change_recording(folder, "mice", RecordingChange(3, scale=8.0))
        assert (changed.n_animals, changed.scale, changed.fps) == (3, 8.0, pytest.approx(30))
        changed = change_recording(folder, "mice", RecordingChange(3, scale=8.0, fps=50.0))
        assert changed.fps == 50.0
        changed = change_recording(folder, "mice", RecordingChange(3, poses))
        assert (changed.animals, changed.n_animals, changed.scale) == (("Mia", "Tom"), 2, None)
        assert folder.recording("mice") == changed
        before = folder.config
        assert change_recording(folder, "mice", RecordingChange(7, poses)) == changed
        assert folder.config == before
        longer = dlc_csv(tmp_path / "longer.csv", ("Mia", "Tom"), 20)
        with pytest.raises(ProjectError, match="do not belong together"):
            change_recording(folder, "mice", RecordingChange(2, longer))
        assert folder.recording("mice") == changed
        changed = change_recording(folder, "mice", RecordingChange(1))
        assert (changed.poses, changed.animals, changed.n_animals) == (None, (), 1)


def test_a_video_that_was_moved_is_found_again_and_no_other_is_taken_for_it(video, tmp_path):
    with open_sources(Sources((video,))) as folder:
        moved = video.rename(tmp_path / "elsewhere.mp4")
        other = small_video(tmp_path / "other.mp4", 13)
        with pytest.raises(ProjectError, match="13 frames of 240 x 120 px, and mice has 12"):
            find_video(folder, "mice", other)
        with pytest.raises(VideoError):
            find_video(folder, "mice", tmp_path / "nowhere.mp4")
        assert find_video(folder, "mice", moved).video == moved
    with BehaviorFolder.open(folder.folder, writable=False) as again:
        assert again.recordings[0].video == moved
