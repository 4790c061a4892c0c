"""The dock as an annotator uses it: a real window, real clicks and keys, from menu to export."""

import gc
import threading

import numpy as np
import pandas as pd
import pytest
from tests.gui.dock_window import DockWindow
from tests.gui.driving import (
    click,
    focus_views,
    is_in_view,
    picture_position,
    press,
    settle,
    view_box,
    wait_until,
)
from tests.gui.fixtures import copy_project
from tests.gui.planting import plant_errors

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.io.project import Project


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where sample projects are made in this test."""
    folder = tmp_path / "samples"
    monkeypatch.setenv("BEHAVIORVLM_SAMPLE_FOLDER", str(folder))
    return folder


@pytest.fixture
def planted(home, labelled_sample):
    """An error in the sample project that the menu will open."""
    (error,) = plant_errors(copy_project(labelled_sample, home / "six_view_mouse"))
    return error


@pytest.mark.one_binding
def test_the_sample_opens_from_the_menu_and_its_dots_get_names(viewer, home):
    dock = DockWindow.from_menu(viewer)
    session = dock.session
    assert session.project.folder == home / "six_view_mouse"
    assert [layer.name for layer in viewer.layers] == [f"cam{at}" for at in range(6)]
    assert not (session.labels.status == Status.PROPOSED).any()
    dock.wait_until_labelled()
    assert (session.labels.status == Status.PROPOSED).sum() > 8000
    reviewed, total = session.queue.progress
    assert f"{reviewed} of {total} reviewed" in dock.headline
    assert f"expected errors left: {round(session.queue.expected_errors)}" in dock.headline


def test_an_error_is_found_corrected_undone_redone_and_exported(viewer, planted, home, tmp_path):
    dock = DockWindow.from_menu(viewer)
    dock.wait_until_labelled()
    session, cell = dock.session, planted.cell
    camera = session.rig.names[planted.camera]

    def error():
        return session.poses.view_error[cell]

    assert error() > 30
    shown_before = width_shown(viewer, camera)

    # By doubt, Space leads to the planted error, says why, and all views zoom in on the keypoint.
    place = go_to(planted, dock, viewer)
    assert session.selection.keypoint == planted.keypoint
    assert viewer.dims.current_step[0] == planted.frame
    assert f"{camera} disagrees" in dock.status
    assert f"{camera} disagrees" in dock.queue_row(place)
    wait_until(lambda: width_shown(viewer, camera) < shown_before / 1.5, "the views to zoom in")
    settle(300)
    projection = session.projection(planted.frame)[:, planted.keypoint]
    for name, xy in zip(session.rig.names, projection, strict=True):
        assert is_in_view(viewer, name, xy)

    # One click on the right dot: labels, error, queue and what the dock shows follow at once.
    before, waiting, headline = error(), session.queue.waiting, dock.headline
    click(viewer, camera, planted.right_xy)
    assert session.labels.candidate[cell] == planted.right
    assert session.labels.status[cell] == Status.CORRECTED
    assert session.labels.source[cell] == Source.HUMAN
    np.testing.assert_array_equal(session.labels.xy[cell], planted.right_xy)
    assert error() < 3
    assert session.queue.waiting == waiting - 1
    assert dock.headline != headline

    press(viewer, "Ctrl+Z")
    assert session.labels.candidate[cell] == planted.wrong
    assert error() == before
    assert session.queue.waiting == waiting
    assert dock.headline == headline
    press(viewer, "Ctrl+Shift+Z")
    assert session.labels.candidate[cell] == planted.right
    assert error() < 3

    words = dock.export("csv", tmp_path / "tables")
    assert "read back" in words.lower()
    check_tables(tmp_path / "tables", session, planted)


def go_to(planted, dock, viewer):
    """Press Space until the planted error is there; returns its place in the order by doubt.

    The sample has a name of its own that the solver itself hardly believes, which may come before.
    """
    dock.order_by("Most doubtful first")
    focus_views(viewer)
    for place in range(2):
        before = dock.session.frame
        press(viewer, "Space")
        wait_until(lambda before=before: dock.session.frame != before, "the next doubtful frame")
        if dock.session.frame == planted.frame:
            return place
    raise AssertionError("the planted error is not among the two most doubtful points")


def width_shown(viewer, camera):
    """Pixels of a camera's picture across its view."""
    box = view_box(viewer, camera)
    x, y = box.transform.map([0, 0])[:2]
    ends = [picture_position(viewer, camera, at) for at in ((x, y), (x + box.size[0], y))]
    return ends[1][0] - ends[0][0]


def check_tables(folder, session, planted):
    """The written tables hold the session's labels, the corrected one among them."""
    labels = pd.read_csv(next(folder.rglob("labels2d.csv")))
    keypoint = session.skeleton.keypoints[planted.keypoint]
    camera = session.rig.names[planted.camera]
    of_frame = labels[labels["frame"] == planted.frame]
    row = of_frame[(of_frame["camera"] == camera) & (of_frame["keypoint"] == keypoint)]
    assert row["status"].tolist() == ["corrected"]
    np.testing.assert_allclose(row[["x", "y"]].to_numpy()[0], planted.right_xy, atol=1e-3)
    assert labels["x"].notna().sum() == np.isin(session.labels.status, LABELLED).sum()
    points = pd.read_csv(next(folder.rglob("pose3d.csv")))
    row = points[(points["frame"] == planted.frame) & (points["keypoint"] == keypoint)]
    np.testing.assert_allclose(
        row[["x", "y", "z"]].to_numpy()[0],
        session.poses.points[planted.frame, planted.keypoint], atol=1e-3,
    )  # fmt: skip


@pytest.mark.one_binding
def test_a_training_set_is_exported_and_read_back(viewer, planted, home, tmp_path):
    dock = DockWindow.from_menu(viewer)
    dock.wait_until_labelled()
    go_to(planted, dock, viewer)
    click(viewer, dock.session.rig.names[planted.camera], planted.right_xy)
    press(viewer, "Ctrl+Return")
    dock.export("sleap", tmp_path / "sleap")
    import sleap_io

    videos = {}
    for path in (tmp_path / "sleap").rglob("*.slp"):
        labels = sleap_io.load_slp(str(path), open_videos=False)
        videos[path.name] = len(labels)
    assert videos


def test_opening_and_closing_leaves_nothing_behind(viewer, home, labelled_sample, qapp):
    folder = copy_project(labelled_sample, home / "six_view_mouse")
    widgets = []
    for _ in range(3):
        threads = set(threading.enumerate())
        dock = DockWindow.from_menu(viewer)
        dock.wait_until_labelled()
        press(viewer, "Space", "Return")
        dock.page.toggle_scene()
        dock.page.toggle_plots()
        settle(300)
        dock.close_project()
        wait_until(lambda: not viewer.layers, "the views to go")
        wait_until(lambda threads=threads: set(threading.enumerate()) <= threads, "threads to end")
        # Nobody holds it any more: it can be opened for writing.
        Project(folder).close()
        settle(100)
        gc.collect()
        settle(50)
        widgets.append(len(qapp.allWidgets()))
    assert widgets[2] <= widgets[1], f"widgets pile up: {widgets}"
