"""From what a person names to an open behaviour folder."""

import numpy as np
import pytest
from tests.unit.workflows.behaving_folder import small_video

from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.sources import (
    Sources,
    find_folder,
    open_sources,
)


@pytest.fixture
def video(tmp_path):
    return small_video(tmp_path / "mice.mp4", 12)


def dlc_csv(path, animals, frames):
    """Multi-animal DeepLabCut table with two keypoints."""
    parts = [(a, k, c) for a in animals for k in ("nose", "tail") for c in ("x", "y", "likelihood")]
    head = [["scorer", *["s"] * len(parts)]]
    head += [
        [n, *(p[i] for p in parts)] for i, n in enumerate(("individuals", "bodyparts", "coords"))
    ]
    rows = [[f, *np.arange(len(parts)) + 5.0] for f in range(frames)]
    path.write_text("\n".join(",".join(map(str, row)) for row in [*head, *rows]) + "\n")
    return path


def test_a_video_gets_a_folder_beside_it_and_keeps_it(video):
    with open_sources(Sources((video,), animals=2, scale=8.0)) as folder:
        assert folder.folder == video.with_name("mice.behavior")
        one = folder.recordings[0]
        assert (one.name, one.n_animals, one.n_frames, one.size) == ("mice", 2, 12, (240, 120))
        assert one.fps == pytest.approx(30)
    for place in (video, folder.folder):
        with open_sources(Sources((place,))) as again:
            assert again.recordings == (one,)
    with open_sources(Sources((video,), animals=3, names=("a", "b", "c"))) as again:
        assert again.recordings[0].animals == ("a", "b", "c")
        assert again.recordings[0].scale == 8.0
    assert find_folder(video) == folder.folder


def test_read_only_videos_get_their_folder_where_one_works(video, tmp_path, monkeypatch):
    import os

    allowed = os.access
    monkeypatch.setattr(os, "access", lambda p, m: str(p) != str(video.parent) and allowed(p, m))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with open_sources(Sources((video,))) as folder:
        assert folder.folder == tmp_path / "here" / "mice.behavior"
    assert find_folder(video) == folder.folder


def test_several_videos_and_more_later(video, tmp_path):
    (tmp_path / "day2").mkdir()
    second, third = (
        small_video(tmp_path / "day2" / "mice.mp4", 12),
        small_video(tmp_path / "c.mp4", 9),
    )
    with open_sources(Sources((video, second), folder=tmp_path / "all")) as folder:
        assert [one.name for one in folder.recordings] == ["mice", "mice (2)"]
    with open_sources(Sources((third, video), folder=tmp_path / "all")) as folder:
        assert [one.name for one in folder.recordings] == ["mice", "mice (2)", "c"]


def test_poses_say_how_many_animals_there_are(video, tmp_path):
    poses = dlc_csv(tmp_path / "p.csv", ("Mia", "Tom"), 12)
    with open_sources(Sources((video,), (poses,))) as folder:
        assert folder.recordings[0].animals == ("Mia", "Tom")
        assert folder.recordings[0].poses == poses


REFUSED = [
    ({"poses": "pp"}, "2 files of poses for 1 videos"),
    ({"poses": "p", "animals": 3}, "holds 2 animals, not 3"),
    ({"poses": "l"}, "poses up to frame 49, but .* has 12 frames"),
    ({"names": ("a", "b")}, "2 names are given, but mice has 1 animal"),
]


@pytest.mark.parametrize(("asked", "words"), REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_is_made(video, tmp_path, asked, words):
    files = {"p": dlc_csv(tmp_path / "p.csv", "MT", 12), "l": dlc_csv(tmp_path / "l.csv", "MT", 50)}
    asked = {**asked, "poses": tuple(files[key] for key in asked.get("poses", ""))}
    with pytest.raises(ProjectError, match=words):
        open_sources(Sources((video,), **asked))
    assert not video.with_name("mice.behavior").exists()
    with open_sources(Sources((video,))) as folder:  # the same for a folder that is there
        before = folder.recordings
    with pytest.raises(ProjectError, match=words):
        open_sources(Sources((video,), **asked))
    with BehaviorFolder.open(folder.folder) as folder:
        assert folder.recordings == before


def test_no_video_at_all(tmp_path):
    with pytest.raises(ProjectError, match="no video or folder"):
        open_sources(Sources((tmp_path / "x.mp4",)))
    (tmp_path / "x.mp4").write_bytes(b"nothing")
    with pytest.raises(VideoError, match="x.mp4"):
        open_sources(Sources((tmp_path / "x.mp4",)))
    with pytest.raises(ProjectError, match="behavior run"):
        find_folder(tmp_path / "x.mp4")
    with pytest.raises(ProjectError, match="Name a video"):
        Sources(())


def test_the_frame_rate_that_a_person_says_counts(video):
    with open_sources(Sources((video,), fps=120.0)) as folder:
        assert folder.recordings[0].fps == 120.0
    with open_sources(Sources((video,), fps=60.0)) as folder:
        assert folder.recordings[0].fps == 60.0
    with open_sources(Sources((video,))) as folder:
        assert folder.recordings[0].fps == 60.0


def test_what_makes_no_sense_is_refused(tmp_path, video):
    fast = small_video(tmp_path / "fast.mp4", 12, fps=5000)
    with pytest.raises(ProjectError, match="5000 frames per second: say how many with --fps"):
        open_sources(Sources((fast,)))
    with open_sources(Sources((fast,), fps=50.0)) as folder:
        assert folder.recordings[0].fps == 50.0
    with pytest.raises(ProjectError, match="no labelling project: only those have views"):
        open_sources(Sources((video,), views=("cam0",)))
    assert not video.with_name("mice.behavior").exists()
