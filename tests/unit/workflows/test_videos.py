"""What was found out about a project's videos is kept, and believed only of the same file."""

import numpy as np
import pytest
from tests.fixtures.torture import encode, number_in
from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import video
from napari_behaviorvlm.workflows import videos
from napari_behaviorvlm.workflows.videos import open_project_video

FAST = {"preset": "ultrafast"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(videos, "MANY_FRAMES", 10)
    with small_project(tmp_path / "small") as project:
        yield project


@pytest.fixture
def built(monkeypatch):
    """Paths of videos that were read through."""
    paths, build = [], video.build_index
    monkeypatch.setattr(video, "build_index", lambda path: paths.append(path) or build(path))
    return paths


def frames(project, path):
    with open_project_video(project, path) as reader:
        return [number_in(reader.read(frame)) for frame in (0, 11, reader.n_frames - 1)]


def test_a_video_is_read_through_once(project, tmp_path, built):
    path = encode(tmp_path / "a.mp4", options=FAST, n_frames=30)
    assert frames(project, path) == frames(project, path) == [0, 11, 29]
    assert built == [path]


def test_a_video_that_was_exchanged_is_read_through_again(project, tmp_path, built):
    path = encode(tmp_path / "a.mp4", options=FAST, n_frames=30)
    frames(project, path)
    encode(path, options=FAST, n_frames=40)
    assert frames(project, path) == [0, 11, 39]
    assert len(built) == 2


def test_a_damaged_record_is_made_again(project, tmp_path, built):
    path = encode(tmp_path / "a.mp4", options=FAST, n_frames=30)
    frames(project, path)
    (record,) = (project.derived / "videos").iterdir()
    record.write_bytes(record.read_bytes()[:50])
    assert frames(project, path) == [0, 11, 29]
    assert len(built) == 2


def test_a_project_opened_for_reading_is_not_written_to(project, tmp_path):
    path = encode(tmp_path / "a.mp4", options=FAST, n_frames=30)
    with Project(project.folder, writable=False) as reading:
        assert frames(reading, path) == [0, 11, 29]
    assert not (project.derived / "videos").exists()


def test_folders_of_images_have_nothing_to_keep(project, tmp_path):
    import cv2

    folder = tmp_path / "images"
    folder.mkdir()
    for frame in range(12):
        cv2.imwrite(str(folder / f"{frame:03d}.png"), np.full((20, 30), frame, np.uint8))
    with open_project_video(project, folder) as reader:
        assert reader.read(7)[0, 0] == 7
    assert not (project.derived / "videos").exists()
