"""Recordings of other labs open in the dock and can be labelled: five and eight views, no dots."""

from pathlib import Path

import numpy as np
import pytest
from tests.gui.driving import click, focus_views, is_in_view, press, wait_until
from tests.gui.fixtures import finish

from napari_behaviorvlm.gui.opening import dock_in
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.workflows.create import NewProject, create_project

pytestmark = pytest.mark.one_binding

DATA = Path(__file__).parents[3] / "shared" / "data"
RECORDINGS = {"mouse_cylinder_5cam": ("Camera?.mp4", 1500), "sleap_min_session_8cam": ("*.mp4", 2)}


@pytest.fixture(params=RECORDINGS)
def recording(request, tmp_path):
    """A new project of a recording, and a frame to look at."""
    folder = DATA / request.param
    if not folder.is_dir():
        pytest.skip(f"{request.param} is not here")
    pattern, frame = RECORDINGS[request.param]
    calibration = folder / "calibration.toml"
    files = sorted(folder.glob(pattern))
    videos = {
        name: max((f for f in files if f.stem.endswith(name)), key=lambda f: f.stem == name)
        for name in read_calibration(calibration).names
    }
    finish(create_project(NewProject(tmp_path / "own", calibration, videos))).close()
    return tmp_path / "own", frame


def test_a_recording_without_dots_is_labelled_by_clicks_in_two_views(recording, viewer):
    folder, frame = recording
    dock = dock_in(viewer)
    assert dock.open_project(folder)
    wait_until(lambda: dock.session.queue is not None, "the queue", 60)
    session, grid = dock.session, dock.page.grid
    assert not grid.problems
    assert [layer.name for layer in viewer.layers] == list(session.rig.names)
    focus_views(viewer)
    session.go_to(frame)
    picture = np.asarray(viewer.layers[0].data[frame])
    assert picture.std() > 5
    press(viewer, "Left", "Right")
    wait_until(lambda: session.frame == frame, "the frame")
    # The same point of the world in two views, as a person would click it.
    names = session.rig.names
    places = project_somewhere(session)
    chosen = [at for at in range(len(names)) if is_in_view(viewer, names[at], places[at])][:2]
    for at in chosen:
        click(viewer, names[at], places[at])
    wait_until(lambda: session.poses.n_views[frame, 0] == 2, "a point in 3D")
    assert session.poses.error[frame, 0] < 3
    press(viewer, "Ctrl+Z")
    wait_until(lambda: session.poses.n_views[frame, 0] == 0, "the point to go")


def project_somewhere(session):
    """Pixels in every view of a point that most cameras look at."""
    from napari_behaviorvlm.geometry.projection import project_rig, rays

    ends = []
    for camera in session.rig:
        origin, direction = rays(camera, np.array(camera.size) / 2.0)
        ends.append((np.ravel(origin), np.ravel(direction)))
    # Least squares meeting point of the optical axes.
    normal = [np.eye(3) - np.outer(d, d) / (d @ d) for _, d in ends]
    point = np.linalg.solve(sum(normal), sum(m @ o for m, (o, _) in zip(normal, ends, strict=True)))
    return project_rig(session.rig, point[None])[0]
