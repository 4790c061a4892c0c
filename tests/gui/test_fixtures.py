"""The shared fixtures give what they promise and notice what is left over."""

import threading

import pytest

from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.state import load_state

pytestmark = pytest.mark.one_binding


def test_the_sample_project_is_labelled_and_its_videos_are_found(sample_project):
    with Project(sample_project) as project:
        labels = load_state(project).labels
        assert sum((labels.status == status).sum() for status in LABELLED) > 8000
        assert all(project.video(name).is_file() for name in project.rig.names)
        assert all(project.dot_video(name).is_file() for name in project.rig.names)
        assert len(project.candidates().read(range(5))) > 100


@pytest.mark.parametrize("left_over", ["widget", "thread", "exception"])
def test_what_is_left_over_is_noticed(left_over, pytester_like):
    message = pytester_like(left_over)
    expected = {"widget": "QLabel", "thread": "forgotten", "exception": "in a destructor"}
    assert expected[left_over] in message


@pytest.fixture
def pytester_like(qapp):
    """Run the leak check by hand around something that leaks; return what it says."""
    from qtpy.QtWidgets import QLabel
    from tests.gui.fixtures import no_leaks

    stop, kept = threading.Event(), []

    class Failing:
        def __del__(self):
            raise ValueError("in a destructor")

    def leak(what):
        if what == "widget":
            kept.append(QLabel("left over"))
            kept[0].show()
        elif what == "thread":
            kept.append(threading.Thread(target=stop.wait, name="forgotten"))
            kept[0].start()
        else:
            Failing()

    def run(what):
        check = no_leaks.__wrapped__(qapp)
        next(check)
        leak(what)
        with pytest.raises(AssertionError) as found:
            next(check)
        return str(found.value)

    yield run
    stop.set()
    for entry in kept:
        entry.join() if isinstance(entry, threading.Thread) else entry.deleteLater()
