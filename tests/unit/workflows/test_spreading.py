"""Detection and geometric labelling on a Dask cluster or in processes: bit-equal to one process."""

import shutil
from dataclasses import fields

import numpy as np
import pytest
from tests.gui.widgets.filmed_session import finish, write_recording
from tests.unit.workflows.small_session import seed_rows, small_project

from napari_behaviorvlm.core.errors import IdentityError, ProjectError, VideoError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import read_alternative
from napari_behaviorvlm.workflows import detect as detecting
from napari_behaviorvlm.workflows import label_spreading
from napari_behaviorvlm.workflows.create import NewProject, create_project
from napari_behaviorvlm.workflows.detect import DetectRequest, detect, detect_all
from napari_behaviorvlm.workflows.label import LabelRequest, label, label_all
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state


@pytest.fixture(scope="module")
def address():
    """A Dask scheduler with two threads in this process."""
    distributed = pytest.importorskip("distributed")
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2}
    with distributed.LocalCluster(dashboard_address=None, **options) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def sessions(tmp_path):
    """Two filmed sessions, not yet looked at."""
    folders = []
    for number in range(2):
        there = write_recording(tmp_path / f"videos {number} ü", n_frames=2 + 2 * number)
        videos = {path.stem: path for path in sorted(there.glob("*.mp4"))}
        new = NewProject(
            tmp_path / f"session {number}", there / "calibration.toml", videos,
            skeleton=there / "skeleton.toml",
        )  # fmt: skip
        finish(create_project(new)).close()
        folders.append(tmp_path / f"session {number}")
    return folders


def same(first, second):
    for column in fields(first):
        one, other = getattr(first, column.name), getattr(second, column.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, err_msg=column.name)


def dots(folder):
    with Project(folder, writable=False) as project:
        return project.candidates().read(range(project.config.n_frames))


def test_detection_of_several_projects_on_a_cluster(sessions, address, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_behaviorvlm.io.project.chunks.CHUNK_FRAMES", 2)
    monkeypatch.setattr(detecting, "RUN", 2)
    alone = [tmp_path / f"{folder.name} alone" for folder in sessions]
    for folder, copy in zip(sessions, alone, strict=True):
        shutil.copytree(folder, copy)
        with Project(copy) as project:
            finish(detect(project, DetectRequest(jobs=1)))
    monkeypatch.chdir(tmp_path)
    opened = [Project(folder.relative_to(tmp_path)) for folder in sessions]
    try:
        reports = finish(detect_all(opened, DetectRequest(scheduler=address)))
        again = finish(detect_all(opened, DetectRequest(scheduler=address)))
    finally:
        for project in opened:
            project.close()
    assert [(r.frames, r.chunks, r.new_chunks) for r in reports] == [(2, 4, 4), (4, 8, 8)]
    assert [r.new_chunks for r in again] == [0, 0]
    for folder, copy in zip(sessions, alone, strict=True):
        assert len(dots(folder)) >= 2 * 4 * 3
        same(dots(folder), dots(copy))


def test_an_error_of_a_worker_is_the_same_sentence(sessions, address):
    with Project(sessions[0]) as project:
        project.dot_video("cam2").write_bytes(b"no video")
        with pytest.raises(VideoError, match=r"cam2\.mp4"):
            finish(detect(project, DetectRequest(scheduler=address)))


@pytest.fixture
def seeded(tmp_path):
    """Two sessions with candidates and seeds; each is solved in two pieces."""
    opened = []
    for number, n_frames in enumerate((290, 300)):
        project = small_project(tmp_path / f"seeded {number}", n_frames)
        path = tmp_path / "seeds.csv"
        path.write_text(seed_rows([2, 9, 15 + number], project.rig))
        seed(project, path, author="Ann")
        opened.append(project)
    yield opened
    for project in opened:
        project.close()


def answers(project):
    state = load_state(project)
    (run,) = project.store.runs()
    other = read_alternative(project.result(run.key), state.labels.status.shape)
    return state.labels, state.poses, other


@pytest.mark.parametrize("how", ["scheduler", "processes"])
def test_labelling_several_projects_elsewhere(seeded, address, tmp_path, monkeypatch, how):
    monkeypatch.setattr(label_spreading, "TOGETHER", 1)
    expected = []
    for project in seeded:
        copy = tmp_path / f"{project.folder.name} alone"
        shutil.copytree(project.folder, copy)
        with Project(copy) as alone:
            finish(label(alone, LabelRequest()))
            expected.append(answers(alone))
    where = {"scheduler": address} if how == "scheduler" else {"processes": 2}
    reports = finish(label_all(seeded, LabelRequest(**where)))
    assert all(report.computed for report in reports)
    for project, (labels, poses, other) in zip(seeded, expected, strict=True):
        found = answers(project)
        same(found[0], labels)
        same(found[1], poses)
        np.testing.assert_array_equal(found[2], other)
        assert not list(project.results.glob("*.pieces"))
    again = finish(label_all(seeded, LabelRequest(**where)))
    assert not any(report.computed for report in again)


def test_nothing_is_solved_twice(seeded, address, monkeypatch):
    """What workers solved is only put together here."""
    project = seeded[0]
    finish(label_spreading.solve_pieces([project], FrameSpan(), scheduler=address, processes=1))
    solving = "napari_behaviorvlm.identity.strategies.geometric.GeometricStrategy.label"
    monkeypatch.setattr(solving, lambda *_, **__: pytest.fail("solved again"))
    finish(label_all([project], LabelRequest(scheduler=address)))
    assert load_state(project).poses.points.shape == (290, 3, 3)


def test_a_worker_that_sees_another_project_is_told(seeded):
    project = seeded[0]
    with pytest.raises(ProjectError, match="sees .* differently"):
        label_spreading._solve(project.folder, FrameSpan(), "0" * 16, [0])


def test_what_is_missing_is_said_before_anything_is_spread(seeded, address):
    seeded[1].store.set_seed_frames([], "Ann")
    with pytest.raises(IdentityError, match="no seed frames"):
        finish(label_all(seeded, LabelRequest(scheduler=address)))
    assert not list(seeded[0].results.glob("*"))
