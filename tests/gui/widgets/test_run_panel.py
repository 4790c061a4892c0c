"""The run panel on a small session: real runs in threads, cancelled, failed and repeated."""

import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from tests.gui.widgets.filmed_session import write_recording
from tests.unit.workflows.small_session import seed_rows, small_project, small_rig

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models import run_steps
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.run_steps import Option, RunPlan, Strategy
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.running import close_runs, runs_of
from napari_behaviorvlm.gui.widgets.run_panel import RunPanel
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.io.sqlite_files import now
from napari_behaviorvlm.workflows.create import NewProject, create_project
from napari_behaviorvlm.workflows.seed import seed


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def open_session(no_leaks, qtbot):
    """Opens sessions and panels, and closes them as the dock does."""
    opened = []

    def open_(folder):
        session = LabellingSession.open(folder, author="Ann")
        panel = RunPanel(session)
        panel.show()
        opened.append((session, panel))
        return session, panel

    yield open_
    for session, panel in opened:
        panel.close()
        close_runs(session)
        session.close()
        panel.deleteLater()


@pytest.fixture
def seeded(tmp_path):
    """A folder with dots of 90 frames and three seed frames."""
    project = small_project(tmp_path / "small", n_frames=90)
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 40, 80], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    project.close()
    return tmp_path / "small"


def finished(qtbot, session, seconds=60):
    """Wait for the run's end; return what was said."""
    said = []
    session.said.connect(said.append)
    qtbot.waitUntil(lambda: runs_of(session).step is None, timeout=1000 * seconds)
    session.said.disconnect(said.append)
    return said


def test_naming_dots_shows_the_proposals_at_once(open_session, seeded, qtbot):
    session, panel = open_session(seeded)
    reloads = []
    session.reloaded.connect(lambda: reloads.append(1))
    panel.choose("label")
    click(panel.plan_button)
    qtbot.waitUntil(lambda: "frames" in panel.plan_label.text())
    assert "90 frames from 3 seed frames" in panel.plan_label.text()
    assert "0 calls, 0 tokens, 0.00 USD" in panel.plan_label.text()
    assert not (session.labels.status == Status.PROPOSED).any(), "a dry run did something"
    click(panel.start_button)
    assert not panel.start_button.isEnabled()
    assert "is running" in panel.start_button.toolTip()
    assert panel.progress_part.isVisible()
    finished(qtbot, session)
    assert reloads == [1]
    assert (session.labels.status == Status.PROPOSED).sum() == 87 * 4 * 3
    assert session.queue is not None
    assert "270 of 270 keypoints in 3D" in panel.result_label.text()
    assert panel.start_button.isEnabled()
    assert not panel.progress_part.isVisible()


def test_a_part_of_the_frames_is_taken(open_session, seeded, qtbot):
    session, panel = open_session(seeded)
    panel.choose("label")
    panel.frames.which.setCurrentIndex(1)
    panel.frames.first.setValue(30)
    panel.frames.last.setValue(20)
    assert panel.choice.span == FrameSpan(20, 31)
    panel.frames.which.setCurrentIndex(2)
    session.go_to(70)
    assert panel.choice.span == FrameSpan(20, 90)
    session.go_to(5)
    assert panel.choice.span == FrameSpan(0, 56)
    click(panel.start_button)
    finished(qtbot, session)
    proposed = np.flatnonzero((session.labels.status == Status.PROPOSED).any(axis=(1, 2)))
    assert (proposed.min(), proposed.max()) == (0, 55)


def test_what_stands_in_the_way_is_said_and_how_to_mend_it(open_session, tmp_path, qtbot):
    small_project(tmp_path / "small").close()
    session, panel = open_session(tmp_path / "small")
    panel.choose("detect")
    assert not panel.start_button.isEnabled()
    assert "no video of camera 'cam0'" in panel.reason_label.text()
    panel.choose("triangulate")
    assert not panel.strategy_box.isVisible()
    assert not panel.frames.isVisible()
    assert "Nothing is labelled yet" in panel.start_button.toolTip()
    panel.choose("label")
    assert "no seed frames" in panel.reason_label.text()
    assert "click the dot" in panel.reason_label.text()
    assert panel.reason_label.isVisible()
    dots = session.candidates(3)
    rows = [
        ((3, int(c), int(n) - 1), StoredLabel(
            *xy, int(n), Status.CORRECTED, Source.HUMAN, 1.0, "Ann", now()))
        for c, n, xy in zip(dots.camera, dots.number, dots.xy.tolist(), strict=True)
    ]  # fmt: skip
    session.apply(Edit("seed", tuple(rows)))
    session.set_seed_frames([3])
    assert panel.start_button.isEnabled()
    click(panel.start_button)
    finished(qtbot, session)
    assert "keypoints in 3D" in panel.result_label.text()


def test_cancelled_naming_keeps_peoples_labels_and_goes_on_later(
    open_session, seeded, qtbot, monkeypatch
):
    from napari_behaviorvlm.identity.windows import GeometricSettings
    from napari_behaviorvlm.workflows import label_geometric as labelling

    # Pieces of 15 frames, so that there is something to cancel in between.
    small = GeometricSettings(window=15)
    original, write = labelling.GeometricStrategy, labelling.write_result
    monkeypatch.setattr(labelling, "GeometricStrategy", lambda: original(settings=small))
    monkeypatch.setattr(labelling, "write_result", lambda *what: (time.sleep(0.1), write(*what)))
    session, panel = open_session(seeded)
    before = dict(session.project.store.labels())
    panel.choose("label")
    runs = runs_of(session)
    runs.progressed.connect(lambda step: runs.cancel() if step.done >= 30 else None)
    click(panel.start_button)
    said = finished(qtbot, session)
    assert "cancelled" in said[-1]
    assert "cancelled" in panel.result_label.text()
    assert not (session.labels.status == Status.PROPOSED).any()
    assert dict(session.project.store.labels()) == before
    pieces = list(session.project.results.glob("*.pieces/*"))
    assert 1 <= len(pieces) < 6
    runs.progressed.disconnect()
    runs.progressed.connect(panel._show_progress)
    click(panel.start_button)
    finished(qtbot, session)
    assert (session.labels.status == Status.PROPOSED).sum() == 87 * 4 * 3
    assert dict(session.project.store.labels()) == before


def test_an_edit_during_a_run_is_kept(open_session, seeded, qtbot):
    session, panel = open_session(seeded)
    cell = (50, 1, 0)
    mine = StoredLabel(11.0, 12.0, 0, Status.CORRECTED, Source.HUMAN, 1.0, "Ann", now())
    panel.choose("label")
    click(panel.start_button)
    session.apply(Edit("move", ((cell, mine),)))
    finished(qtbot, session)
    assert session.labels.xy[cell].tolist() == [11.0, 12.0]
    assert session.labels.status[50, 2, 0] == Status.PROPOSED


@pytest.mark.one_binding
@pytest.mark.slow
def test_cancelled_detection_goes_on_later(open_session, tmp_path, qtbot, monkeypatch):
    from napari_behaviorvlm.io.project import chunks
    from napari_behaviorvlm.workflows import detect

    monkeypatch.setattr(chunks, "CHUNK_FRAMES", 3)
    monkeypatch.setattr(detect.os, "cpu_count", lambda: 1)  # in this process, chunk by chunk
    there = write_recording(tmp_path / "aufnahme ü", n_frames=9)
    videos = {name: there / f"{name}.mp4" for name in small_rig().names}
    steps = create_project(
        NewProject(tmp_path / "p", there / "calibration.toml", videos,
                   skeleton=there / "skeleton.toml")
    )  # fmt: skip
    while True:
        try:
            next(steps)
        except StopIteration as end:
            end.value.close()
            break
    session, panel = open_session(tmp_path / "p")
    assert panel.step.name == "detect"
    click(panel.plan_button)
    qtbot.waitUntil(lambda: "12 of 12 pieces" in panel.plan_label.text())
    runs = runs_of(session)
    stop = [True]
    runs.progressed.connect(lambda step: runs.cancel() if stop and step.done >= 6 else None)
    click(panel.start_button)
    finished(qtbot, session)
    assert "cancelled" in panel.result_label.text()
    found = session.project.candidates().missing(range(9))
    assert 0 < len(found) < 12
    assert len(session.candidates(0)), "dots of finished pieces are shown"
    stop.clear()
    click(panel.start_button)
    finished(qtbot, session)
    assert session.project.candidates().counts() == (9, 9 * 4 * 3)
    assert "108 dots in 9 frames" in panel.result_label.text()
    (there / "cam2.mp4").rename(there / "away.mp4")
    panel._refresh()
    assert "cam2.mp4" in panel.reason_label.text()
    assert not panel.start_button.isEnabled()


def test_a_strategy_joins_by_registering(open_session, seeded, qtbot):
    asked = []

    def run(project, choice):
        asked.append(choice)
        yield Progress(1, 2, "asking")
        return "Asked twice."

    strategy = Strategy(
        "asking", "Asks a model", "Sends pictures away.",
        lambda project, choice: RunPlan("Asks.", calls=7, tokens=900, cost_usd=0.25), run,
        (Option("model", "Model", "Which one", "small", choices=("small", "large")),
         Option("budget", "Budget (USD)", "Stops before it is spent", 1.0, float)),
        lambda project, choice: "" if choice.options["budget"] else "Give a budget.",
    )  # fmt: skip
    run_steps.register_strategy(strategy)
    try:
        session, panel = open_session(seeded)
        panel.choose("label")
        assert not panel.options.isVisible()
        panel.strategy_box.setCurrentIndex(panel.strategy_box.findData("asking"))
        assert panel.options.isVisible()
        click(panel.plan_button)
        qtbot.waitUntil(
            lambda: "7 times (900 tokens), for about 0.25 USD" in panel.plan_label.text()
        )
        panel.options._form.model.value = "large"
        click(panel.start_button)
        finished(qtbot, session)
        assert asked[0].options == {"model": "large", "budget": 1.0}
        assert panel.result_label.text() == "Asked twice."
        panel.options._form.budget.value = 0.0
        click(panel.start_button)
        assert len(asked) == 1
    finally:
        run_steps.forget_strategy("asking")


def test_a_panel_opened_later_shows_the_run_and_closing_stops_it(open_session, seeded, qtbot):
    session, panel = open_session(seeded)
    panel.choose("label")
    click(panel.start_button)
    panel.close()
    second = RunPanel(session)
    second.show()
    assert second.progress_part.isVisible()
    assert not second.start_button.isEnabled()
    close_runs(session)
    second.close()
    second.deleteLater()


def test_a_judgement_of_labels_that_were_replaced_since_is_dropped(open_session, seeded, qtbot):
    session, panel = open_session(seeded)
    before = session.judge()
    panel.choose("label")
    click(panel.start_button)
    finished(qtbot, session)
    state, waiting = session.state, len(session.queue)
    session.take(before)
    assert session.state is state
    assert len(session.queue) == waiting
    session.take(session.judge())
    assert session.state is state
