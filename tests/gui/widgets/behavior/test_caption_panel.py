"""Where names come from: pictures, numbers and words of a clip, and asking a model again."""

import numpy as np
import pytest
from qtpy.QtTest import QTest
from simulated_vlm import BehaviorOracle, BehaviorTruth, SimulatedServer, WordErrors
from tests.gui.driving import click_widget, settle, wait_until
from tests.unit.vlm.asking import TRUTH

from napari_behaviorvlm.core.bout_edits import Add
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.widgets.behavior.caption_panel import CaptionPanel

ALWAYS = "sniffs"
"""What the simulated model calls everything."""


@pytest.fixture
def choice():
    """The model that is asked; a test puts its address in."""
    return [ModelChoice()]


@pytest.fixture
def panel(qtbot, behaving, choice):
    session, flow = behaving
    made = CaptionPanel(session, flow, lambda: choice[0])
    qtbot.addWidget(made)
    made.resize(1100, 330)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def choose(session, panel, bout):
    session.go_to(bout.start_frame)
    session.select(bout.id)
    wait_until(lambda: panel._shown is not None and not panel._later.isActive()
               and not panel._looker.busy, "the clip")  # fmt: skip


def test_a_measured_name_shows_its_numbers_and_what_a_model_would_see(panel, behaving):
    session, _ = behaving
    bout = session.events[0].bouts[1]
    choose(session, panel, bout)
    clip = session.clip_at(0, bout.start_frame)
    assert panel.title.text().startswith(f"Clip {clip.clips[0]}")
    assert panel.label.currentText() == clip.label
    assert panel.words.toPlainText() == clip.description
    assert "no model was asked" in panel.seen.text()
    assert "speed, body lengths/s: " in panel.numbers.text()
    assert not panel.strip.pixmap().isNull()
    assert not panel.scene.pixmap().isNull()
    made = Bout("A0", 290, 299, "drawn")
    session.apply(Add(session.recording.name, made))
    drawn = session.bout_at(0, 295)
    session.select(drawn.id)
    wait_until(lambda: "A person drew" in panel.title.text(), "the words")
    assert not panel.accept.isEnabled()


def test_words_are_accepted_or_written_anew_and_the_timeline_follows(panel, behaving):
    session, _ = behaving
    bout = session.events[1].bouts[0]
    choose(session, panel, bout)
    clip = panel.clip.clips[0]
    click_widget(panel.accept)
    assert session.captions[clip].source == "human"
    wait_until(lambda: not panel.accept.isEnabled(), "it to be decided")
    wait_until(lambda: "tester, just now: caption of clip" in panel.history.text(), "its history")
    panel.words.setFocus()
    panel.words.selectAll()
    QTest.keyClicks(panel.words, "Cleans its ears.")
    line = panel.label.lineEdit()
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "groom")
    assert panel.accept.text() == "Keep my words"
    click_widget(panel.accept)
    assert session.captions[clip].description == "Cleans its ears."
    there = session.bout_at(1, bout.start_frame)
    assert (there.label, there.description, there.source) == ("groom", "Cleans its ears.", "human")
    session.undo()
    session.undo()
    assert session.bout_at(1, bout.start_frame) == bout
    wait_until(lambda: panel.label.currentText() == bout.label, "the old words")


@pytest.mark.one_binding
def test_a_model_is_asked_again_and_its_pictures_are_kept(panel, behaving, choice):
    session, _ = behaving
    bout = max((b for row in session.events for b in row.bouts), key=lambda b: len(b.clips))
    frames, animals = session.n_frames, session.animals
    truth = BehaviorTruth(animals, (ALWAYS,), np.zeros((frames, len(animals)), int))
    oracle = BehaviorOracle(truth, WordErrors())
    with SimulatedServer(TRUTH, behavior=oracle) as server:
        choice[0] = ModelChoice(server.url, "simulated")
        choose(session, panel, bout)
        clip = panel.clip
        panel.hint.setFocus()
        QTest.keyClicks(panel.hint, "look at the nose")
        click_widget(panel.again)
        wait_until(lambda: "The model says: sniffs" in panel.said.text(), panel.said.text, 30)
        assert any("look at the nose" in str(call) for call in server.calls)
        asked = sum("look again" in str(call) for call in server.calls)
        click_widget(panel.again)
        wait_until(lambda: not panel._asker.busy, "the second answer", 30)
        assert sum("look again" in str(call) for call in server.calls) == asked + 1
    settle(20)
    there = session.bout_at(session.row_of(clip.animal), clip.start_frame)
    assert (there.label, there.source) == (ALWAYS, "vlm")
    assert (there.start_frame, there.end_frame) == (clip.start_frame, clip.end_frame)
    wait_until(lambda: "It saw these pictures" in panel.seen.text(), "the exchange")
    assert "Model simulated" in panel.seen.text()
    assert not panel.strip.pixmap().isNull()
    session.undo()
    session.undo()
    assert session.bout(bout.id) == bout


def test_a_server_that_is_gone_is_said_and_changes_nothing(panel, behaving, choice):
    session, _ = behaving
    bout = session.events[2].bouts[0]
    choice[0] = ModelChoice("http://127.0.0.1:9", "simulated")
    choose(session, panel, bout)
    before = session.store.bouts(session.recording.name)
    click_widget(panel.again)
    wait_until(lambda: not panel._asker.busy, "the failure", 90)
    assert "127.0.0.1:9" in panel.said.text()
    assert session.store.bouts(session.recording.name) == before
