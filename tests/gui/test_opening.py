"""Ways into the dock, with the real dock in a real napari."""

import shutil

import pytest
from tests.gui.driving import wait_until
from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui import opening
from napari_behaviorvlm.gui.running import runs_of
from napari_behaviorvlm.gui.widgets.dock import LabellingDock
from napari_behaviorvlm.gui.widgets.new_project import NewProjectDialog
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse

pytestmark = pytest.mark.one_binding

PLUGIN = "napari-behaviorvlm"


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """Sample projects and the user's settings lie in this test's folder."""
    monkeypatch.setenv("BEHAVIORVLM_SAMPLE_FOLDER", str(tmp_path / "samples"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def docks(viewer):
    return [w for w in viewer.window.dock_widgets.values() if isinstance(w, LabellingDock)]


def test_the_sample_opens_at_once_and_is_labelled_in_the_background(viewer, tmp_path):
    viewer.open_sample(PLUGIN, "six_view_mouse")
    (dock,) = docks(viewer)
    session = dock.session
    assert session.project.folder == tmp_path / "samples" / "six_view_mouse"
    assert [layer.name for layer in viewer.layers] == [f"cam{at}" for at in range(6)]
    assert len(session.candidates(0)), "the dots come with the sample"
    assert runs_of(session).step.name == "label"
    wait_until(lambda: runs_of(session).step is None, "the labels", seconds=60)
    assert (session.labels.status == Status.PROPOSED).sum() > 10_000
    assert len(session.queue)
    # Once more: the same dock, the same project, nothing is run.
    viewer.open_sample(PLUGIN, "six_view_mouse")
    assert docks(viewer) == [dock]
    assert dock.session is session
    assert runs_of(session).step is None
    dock.close_project()
    opening.open_sample(viewer)
    assert dock.session is not session
    assert (dock.session.labels.status == Status.PROPOSED).sum() > 10_000
    assert runs_of(dock.session).step is None


def test_projects_and_calibrations_open_in_one_dock(viewer, sample_project, tmp_path, qtbot):
    assert viewer.open(sample_project, plugin=PLUGIN) == []
    (dock,) = docks(viewer)
    assert dock.session.project.folder == sample_project
    calibration = tmp_path / "calibration.toml"
    shutil.copyfile(six_view_mouse().calibration, calibration)
    assert viewer.open(calibration, plugin=PLUGIN) == []
    dialog = dock.window().findChild(NewProjectDialog)
    assert dialog.isVisible()
    assert dialog.draft.calibration == calibration
    assert dialog.draft.cameras == tuple(f"cam{at}" for at in range(6))
    sample = six_view_mouse()
    dialog.form.skeleton.value = sample.skeleton
    dialog.form.folder.value = tmp_path / "mine"
    dialog.add_files("videos", list(sample.videos("reflectance").values()))
    qtbot.waitUntil(dialog.create_button.isEnabled, timeout=20_000)
    dialog.create_button.click()
    wait_until(lambda: dock.session.project.folder == tmp_path / "mine", "the new project", 30)
    assert docks(viewer) == [dock]


def test_a_project_that_is_in_use_is_one_sentence(viewer, tmp_path):
    project = small_project(tmp_path / "small")
    assert opening.open_project(tmp_path / "small", viewer) is None
    (dock,) = docks(viewer)
    assert dock.session is None
    project.close()
    with Project(tmp_path / "small"):
        pass  # nothing of the attempt holds it


def test_without_a_window_it_is_said(monkeypatch):
    import napari

    told = []
    monkeypatch.setattr(napari, "current_viewer", lambda: None)
    monkeypatch.setattr(opening, "tell", lambda problem: told.append(str(problem)))
    assert opening.open_project("anywhere") is None
    assert opening.show_new_project() is None
    assert len(told) == 2
    assert all("start napari" in sentence for sentence in told)
    with pytest.raises(ProjectError, match="start napari"):
        opening.make_dock()
