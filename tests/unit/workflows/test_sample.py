"""The sample session as a project: made once, with the dots that detection would find."""

import json
import shutil

import numpy as np
import pytest

from napari_behaviorvlm.candidates.detection import DetectionSettings
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io import samples
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import CandidateChunks
from napari_behaviorvlm.io.samples import SampleSession, sample_home, six_view_mouse
from napari_behaviorvlm.workflows.detect import DetectRequest, detect, open_chunks
from napari_behaviorvlm.workflows.detect_work import CameraWork, Worker
from napari_behaviorvlm.workflows.sample import find_or_make_sample, make_sample_project


def test_it_is_made_once_with_dots_and_seeds_and_found_again(tmp_path):
    folder = find_or_make_sample(tmp_path)
    assert folder == tmp_path / "six_view_mouse"
    with Project(folder) as project:
        assert project.config.n_frames == 240
        assert round(project.config.fps, 1) == 28.6
        assert project.candidates().counts() == (240, 15601)
        assert project.store.seed_frames() == [115, 124, 175]
        assert open_chunks(project, range(240)) == []
        # Detection finds its work done: it ends without a step.
        assert list(detect(project, DetectRequest())) == []
    before = (folder / "labels.sqlite").read_bytes()
    assert find_or_make_sample(tmp_path) == folder
    assert (folder / "labels.sqlite").read_bytes() == before


def test_the_shipped_dots_are_those_that_detection_finds(tmp_path):
    sample = six_view_mouse()
    work = CameraWork(
        "cam5", sample.videos("fluorescence")["cam5"], CandidateChunks(tmp_path),
        DetectionSettings(), 240,
    )  # fmt: skip
    worker = Worker()
    try:
        worker.prepare(work)
        shipped = CandidateChunks(sample.candidates / "cam5").read(0, 5)
        for frame in (0, 57, 131):
            found = worker._detector(work)(worker._reader(work).read(frame))
            of_frame = shipped.of(frame, 5)
            np.testing.assert_allclose(of_frame.xy, found.xy, atol=1e-3)
            np.testing.assert_allclose(of_frame.size, found.size, atol=1e-3)
            assert len(found) > 5
    finally:
        worker.close()


def test_dots_of_another_detector_or_video_are_not_taken_over(tmp_path):
    shipped = six_view_mouse()
    copy = tmp_path / "sample"
    shutil.copytree(shipped.folder, copy)
    note = copy / "candidates" / "cam2" / "made_from.json"
    content = json.loads(note.read_text())
    content["detection"]["detector"] += 1
    note.write_text(json.dumps(content))
    make_sample_project(tmp_path / "p", SampleSession(copy))
    with Project(tmp_path / "p") as project:
        assert len(open_chunks(project, range(240))) == 12
        assert project.candidate_keys() == {}
        assert project.store.seed_frames() == [115, 124, 175]


def test_somebodys_folder_and_a_sample_that_lost_its_videos_are_left_alone(tmp_path):
    mine = tmp_path / "six_view_mouse"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    second = find_or_make_sample(tmp_path)
    assert second == tmp_path / "six_view_mouse-2"
    config = second / "project.toml"
    config.write_text(config.read_text().replace("reflectance_cam0", "moved_cam0"))
    assert find_or_make_sample(tmp_path) == tmp_path / "six_view_mouse-3"
    assert (mine / "thesis.tex").read_text() == "years of work"
    assert "moved_cam0" in config.read_text()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="file"):
        find_or_make_sample(tmp_path / "file")


def test_it_lies_in_the_documents_where_there_are_any(tmp_path, monkeypatch):
    monkeypatch.delenv("BEHAVIORVLM_SAMPLE_FOLDER", raising=False)
    monkeypatch.setattr(samples.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(samples.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert sample_home() == tmp_path / "data" / "behaviorvlm"
    (tmp_path / "Documents").mkdir()
    assert sample_home() == tmp_path / "Documents" / "behaviorvlm"
    monkeypatch.setenv("BEHAVIORVLM_SAMPLE_FOLDER", str(tmp_path / "elsewhere"))
    assert sample_home() == tmp_path / "elsewhere"
