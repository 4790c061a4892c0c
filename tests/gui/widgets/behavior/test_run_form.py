"""The form that runs everything: plan, run, cancel, go on, and what cannot be done is said."""

import numpy as np
import pytest
from simulated_vlm import BehaviorOracle, BehaviorTruth, SimulatedServer, WordErrors
from tests.gui.behaving import FRAMES, POSES, VIDEO
from tests.gui.driving import click_widget, settle, wait_until
from tests.unit.vlm.asking import TRUTH

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.behavior.run_form import RunForm
from napari_behaviorvlm.gui.widgets.model_panel import OTHER
from napari_behaviorvlm.workflows.behavior.sources import Sources, open_sources

ANIMALS = ("A0", "A1", "A2")


@pytest.fixture
def form(qtbot, behaved_copy):
    """The form of a video that nothing is known of; k-means, as it is quick."""
    with open_sources(
        Sources((behaved_copy / VIDEO,), folder=behaved_copy / "new.behavior")
    ) as folder:  # fmt: skip
        session = BehaviorSession(folder, folder.recordings[0])
        made = RunForm(session)
        made.ran.connect(session.reload)
        qtbot.addWidget(made)
        made.resize(440, 900)
        made.show()
        qtbot.waitExposed(made)
        made.more.click()
        made.method.setCurrentIndex(made.method.findData("kmeans"))
        made.clusters.setValue(6)
        yield made
        made.close_work()
        made.let_go()


def give_poses(form, place):
    form.poses.setText(str(place))
    assert not form.animals.isEnabled()


def finish(form, seconds=90):
    wait_until(lambda: not form.busy, "the run to end", seconds)
    return form.result.text()


def test_from_a_video_and_poses_to_named_events(form, behaved_copy):
    session = form._session
    give_poses(form, behaved_copy / POSES)
    said = []
    session.said.connect(said.append)
    click_widget(form.start)
    assert form.busy
    assert not form.start.isEnabled()
    assert said[0].startswith("Running")
    words = finish(form)
    assert "clips of 6 clusters" in words
    assert "events of" in words
    assert said[-1].startswith("Finished")
    assert session.animals == ANIMALS
    assert session.recording.poses == behaved_copy / POSES
    assert all(len(row) for row in session.events)
    assert session.folder.config.settings["segment"]["method"] == "kmeans"
    click_widget(form.start)
    assert finish(form).count("Nothing had changed") >= 2


def test_a_cancelled_run_goes_on_where_it_stopped(form, behaved_copy):
    give_poses(form, behaved_copy / POSES)
    form._worker.progressed.connect(lambda *_: form.cancel.click())
    click_widget(form.start)
    assert "Cancelled" in finish(form)
    form._worker.progressed.disconnect()
    form._worker.progressed.connect(form._step)
    click_widget(form.start)
    assert "events of" in finish(form)


@pytest.mark.one_binding
def test_a_model_is_planned_for_and_asked_and_its_words_appear(form, behaved_copy, tmp_path):
    session = form._session
    give_poses(form, behaved_copy / POSES)
    truth = BehaviorTruth(ANIMALS, ("rest", "walk"), np.arange(FRAMES)[:, None] // 50 % 2
                          + np.zeros((1, 3), int))  # fmt: skip
    with SimulatedServer(TRUTH, behavior=BehaviorOracle(truth, WordErrors())) as server:
        assert form.plan.isHidden()
        form.captioner.setCurrentIndex(form.captioner.findData("model"))
        form.merge.setCurrentIndex(form.merge.findData("model"))
        form.model.where.setCurrentIndex(OTHER)
        form.model.address.setText(server.url)
        form.model.model.setEditText("simulated")
        click_widget(form.plan)
        words = finish(form)
        clips = len(session.content.clips)
        assert f"Would ask about {clips} clips" in words
        assert not server.answered
        click_widget(form.start)
        words = finish(form)
        assert f"{clips} by the model" in words
    assert {caption.source for caption in session.captions.values()} == {"vlm"}
    assert set(session.totals()) == {"rest", "walk"}


@pytest.mark.parametrize(("content", "words"), [
    (None, "gone.csv"), (b"\x00\x01 no poses", "gone.csv"), (b"a,b\n1,2\n", "gone.csv"),
])  # fmt: skip
def test_poses_that_cannot_be_read_are_one_sentence(form, tmp_path, content, words):
    place = tmp_path / "gone.csv"
    if content is not None:
        place.write_bytes(content)
    form.poses.setText(str(place))
    click_widget(form.start)
    said = finish(form)
    assert words in said
    assert "\n" not in said
    assert form._session.recording.poses is None
    settle(10)
