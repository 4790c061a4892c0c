"""A behaviour folder on disk: what it is made of, and what it says when it is not sound."""

from dataclasses import replace

import pytest

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording


@pytest.fixture
def video(tmp_path):
    return Recording(
        "mouse 1", tmp_path / "videos" / "a.mp4", tmp_path / "poses.csv", None, "", 2,
        ("Mia", "Tom"), 29.97, 1800, (640, 480), 11.5,
    )  # fmt: skip


def test_recordings_come_back_with_paths_of_this_machine(tmp_path, video):
    made = BehaviorFolder.create(tmp_path / "x.behavior", [video, replace(video, name="second")])
    made.remember("segment", {"n_clusters": 5})
    made.close()
    (tmp_path / "x.behavior").rename(tmp_path / "y.behavior")
    with BehaviorFolder.open(tmp_path / "y.behavior") as opened:
        assert opened.recordings[0] == video
        assert opened.recording("second").name == "second"
        assert opened.config.settings == {"segment": {"n_clusters": 5}}
        assert 'video = "../videos/a.mp4"' in (opened.folder / "behavior.toml").read_text()
        opened.set_recordings([video])
        assert opened.config.settings == {"segment": {"n_clusters": 5}}
        with pytest.raises(ProjectError, match="no recording 'second'; it has mouse 1"):
            opened.recording("second")
        place = opened.derived(video)
        assert place.is_dir()
        assert place != opened.derived()


def test_only_one_writes_but_many_read(tmp_path, video):
    with BehaviorFolder.create(tmp_path / "b", [video]):
        with pytest.raises(ProjectError, match="in use by another"):
            BehaviorFolder(tmp_path / "b")
        with BehaviorFolder.open(tmp_path / "b", writable=False) as reader:
            assert reader.recordings == (video,)


def test_unsound_folders_are_refused_in_words(tmp_path, video):
    folder = tmp_path / "b"
    with pytest.raises(ProjectError, match="two recordings are called 'mouse 1'"):
        BehaviorFolder.create(folder, [video, video])
    with pytest.raises(ProjectError, match="no behaviour folder"):
        BehaviorFolder(folder)
    folder.mkdir()
    with pytest.raises(ProjectError, match="has no behavior.toml"):
        BehaviorFolder(folder)
    BehaviorFolder.create(folder, [video]).close()
    with pytest.raises(ProjectError, match="not empty"):
        BehaviorFolder.create(folder, [video])
    text = (folder / "behavior.toml").read_text()
    (folder / "behavior.toml").write_text(text.replace("format = 1", "format = 2"))
    with pytest.raises(ProjectError, match="newer behaviorvlm"):
        BehaviorFolder(folder)
    (folder / "behavior.toml").write_text(text.replace("animals = 2", "animals = 0"))
    with pytest.raises(ProjectError, match="damaged at recordings.0.animals"):
        BehaviorFolder(folder)
