"""Choosing and trying a model, asking it from the dock, and being told why; simulated VLM."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from simulated_vlm import Abilities, ErrorModel, SimulatedServer
from tests.gui.driving import focus_views, wait_until
from tests.unit.vlm.asking import TRUTH

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.gui.models import model_choice
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.opening import dock_in
from napari_behaviorvlm.gui.running import runs_of
from napari_behaviorvlm.gui.widgets.model_panel import OTHER, ModelPanel


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(model_choice, "user_file", lambda: tmp_path / "model.toml")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def panel(no_leaks, qtbot):
    made = ModelPanel()
    made.show()
    yield made
    made.let_go()
    made.close()
    made.deleteLater()


def choose(panel, server):
    panel.where.setCurrentIndex(OTHER)
    panel.address.setText(server.url)
    panel.address.editingFinished.emit()
    panel.model.setEditText("simulated")


def test_what_is_chosen_is_tried_and_kept(panel, qtbot):
    assert "ANTHROPIC_API_KEY is not set" in panel.key_words.text()
    assert not panel.address.isVisible()
    panel.where.setCurrentIndex(OTHER)
    assert panel.address.isVisible()
    assert not panel.test_button.isEnabled()
    assert "address first" in panel.test_button.toolTip()
    with SimulatedServer(TRUTH) as server:
        choose(panel, server)
        assert ModelChoice.read() == ModelChoice(server.url, "simulated")
        click(panel.test_button)
        assert panel.test_button.text() == "Stop"
        qtbot.waitUntil(lambda: panel.test_button.text() != "Stop", timeout=20_000)
        assert panel.said.text().startswith("simulated answers. The model sees pictures")
        assert "costs nothing" in panel.said.text()
        panel.model.setEditText("no such model")
        assert panel.said.text() == ""
    click(panel.test_button)  # nobody is there any more
    qtbot.waitUntil(lambda: panel.test_button.text() == "Stop", timeout=2000)
    click(panel.test_button)
    assert panel.said.text() == "Stopped."


@pytest.fixture
def dock(viewer, sample_project):
    dock = dock_in(viewer)
    assert dock.open_project(sample_project)
    wait_until(lambda: dock.session.queue is not None, "the queue", 60)
    focus_views(viewer)
    return dock


@pytest.mark.one_binding
def test_a_model_is_asked_and_its_proposals_appear_while_it_runs(dock, qtbot):
    with SimulatedServer(TRUTH, ErrorModel(), Abilities(latency=0.02)) as server:
        page, session = dock.page, dock.session
        runs, run_panel = runs_of(session), page.runs
        run_panel.choose("label")
        run_panel.strategy_box.setCurrentIndex(run_panel.strategy_box.findData("paper"))
        assert run_panel.model.isVisibleTo(run_panel)
        choose(run_panel.model, server)
        run_panel.frames.which.setCurrentIndex(1)
        run_panel.frames.first.setValue(60)
        run_panel.frames.last.setValue(61)
        session.go_to(60)
        before = session.labels.source[60].copy()
        assert not (before == Source.VLM).any()
        arrived, messages = [], []
        session.arrived.connect(arrived.append)
        runs.progressed.connect(lambda step: messages.append(run_panel.message.text()))
        # A person decides while the model is asked: that stays.
        click(run_panel.start_button)
        page.flow.session.select(0, 0)
        page.run(page.actions["occlude"])
        qtbot.waitUntil(lambda: runs.step is None, timeout=120_000)
        assert arrived == [(60,), (61,)]
        assert any("calls" in message and "tokens" in message for message in messages)
        assert (session.labels.source[60:62] == Source.VLM).sum() > 60
        assert session.labels.status[60, 0, 0] == Status.OCCLUDED
        assert "The model was asked" in run_panel.result_label.text()

        labelled = np.argwhere(session.labels.source[60] == Source.VLM)
        camera, keypoint = labelled[-1].tolist()
        session.select(keypoint, camera)
        page.run(page.actions["why"])
        why = page.side.widgets[0].inner
        qtbot.waitUntil(lambda: "It answered" in why.words.text(), timeout=5000)
        number = int(session.labels.candidate[60, camera, keypoint])
        assert f"dot {number}." in why.words.text()
        assert "simulated" in why.words.text()
        assert not why.picture._whole.isNull()
        session.go_to(100)
        qtbot.waitUntil(lambda: "No model was asked" in why.words.text(), timeout=5000)
        assert "Geometry chose this dot" in why.headline.text() or (
            "not labelled" in why.headline.text()
        )


def test_return_in_a_text_field_decides_about_no_label(dock):
    page = dock.page
    page.show_run()
    page.runs.choose("label")
    page.runs.strategy_box.setCurrentIndex(page.runs.strategy_box.findData("paper"))
    page.runs.model.where.setCurrentIndex(OTHER)
    field = page.runs.model.address
    decided = int(dock.session.decided.sum())
    field.setFocus()
    wait_until(field.hasFocus, "the keyboard in the field", 3)
    QTest.keyClicks(field, "http://x:1")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == "http://x:1"
    assert int(dock.session.decided.sum()) == decided
