"""The dock's truth: on disk first, undone to the bit, never stale after a run or in a thread."""

from dataclasses import fields

import numpy as np
import pytest
from tests.unit.workflows.small_session import candidate_table, seed_rows, small_project, truth

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.session import LabellingSession, Selection
from napari_behaviorvlm.identity.flags import Reason
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.review import project_flags
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state

FRAMES = 30
CELL = (12, 1, 0)


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def folder(tmp_path):
    with small_project(tmp_path / "small", FRAMES) as project:
        (tmp_path / "seeds.csv").write_text(seed_rows([2, 9, 15], project.rig))
        seed(project, tmp_path / "seeds.csv", author="Ann")
        run(label(project, LabelRequest()))
    return tmp_path / "small"


@pytest.fixture
def session(folder):
    session = LabellingSession.open(folder, "Bea")
    session.take(session.judge())
    yield session
    session.close()


def wrong(session, cell=CELL):
    """An edit that puts a label 40 px off."""
    x, y = session.labels.xy[cell]
    moved = StoredLabel(x + 40, y, 0, Status.CORRECTED, Source.HUMAN, 1.0, session.author)
    return Edit("move", ((cell, moved),), "Moved.")


def arrays(session):
    return {
        f"{type(table).__name__}.{column.name}": np.array(getattr(table, column.name))
        for table in (session.labels, session.poses)
        for column in fields(table)
    }


def flag_rows(flags):
    columns = [getattr(flags, column.name).tolist() for column in fields(flags)]
    return {row[:4] for row in zip(*columns, strict=True)}


def test_an_edit_is_on_disk_moves_the_point_and_flags_the_view(session):
    before, heard = session.poses.error[12, 0], []
    session.edited.connect(heard.append)
    change = session.apply(wrong(session))
    assert (change.rows, change.keypoints, heard) == ((12,), (0,), [change])
    assert session.project.store.get(CELL).author == "Bea"
    assert session.poses.view_error[CELL] == pytest.approx(40, abs=1)
    assert session.poses.error[12, 0] < before + 1  # the three other views outvote it
    assert (12, 0, 1, Reason.VIEW_DISAGREES) in flag_rows(session.flags)
    assert flag_rows(session.flags) == flag_rows(project_flags(session.project, session.state))


def test_undo_and_redo_restore_every_array_flag_and_queue(session):
    before, flags, order = arrays(session), flag_rows(session.flags), session.queue.order.tolist()
    session.apply(wrong(session))
    edited = arrays(session)
    session.undo()
    for name, values in arrays(session).items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)
    assert flag_rows(session.flags) == flags
    assert session.queue.order.tolist() == order
    session.redo()
    for name, values in arrays(session).items():
        np.testing.assert_array_equal(values, edited[name], err_msg=name)
    assert session.queue.order.tolist() != order or len(session.queue) == 0


def test_undo_reaches_over_a_restart(session, folder):
    before = arrays(session)
    session.apply(wrong(session))
    session.close()
    again = LabellingSession.open(folder, "Cy")
    try:
        assert again.labels.xy[CELL] == pytest.approx(before["Labels.xy"][CELL] + [40, 0])
        again.undo()
        np.testing.assert_array_equal(again.labels.xy, before["Labels.xy"])
        entry, left = again.history(CELL)[-1]
        assert (entry.author, entry.action, entry.undone, left.x) == (
            "Bea", "move", True, pytest.approx(before["Labels.xy"][CELL][0] + 40),
        )  # fmt: skip
    finally:
        again.close()


def test_nothing_to_undo_is_said_once_and_changes_nothing(session):
    said = []
    session.said.connect(said.append)
    session.undo()  # the seed file
    assert session.undo() is None
    assert session.redo() is not None
    assert session.redo() is None
    assert said == ["There is nothing to undo.", "There is nothing to redo."]


def test_edits_made_while_flags_are_computed_are_not_lost(session):
    fresh = session.judge()
    session.apply(wrong(session))
    session.take(fresh)
    assert (12, 0, 1, Reason.VIEW_DISAGREES) in flag_rows(session.flags)
    assert session.queue.position(12, 0) is not None


def test_edits_made_while_a_runs_result_is_read_are_not_lost(session):
    fresh = session.read_anew()
    session.apply(wrong(session))
    wanted = arrays(session)
    session.take(fresh)
    for name, values in arrays(session).items():
        np.testing.assert_array_equal(values, wanted[name], err_msg=name)
    assert flag_rows(session.flags) == flag_rows(project_flags(session.project, session.state))


def test_a_refused_edit_leaves_the_arrays_alone_and_says_why(session, monkeypatch):
    before, said = arrays(session), []
    session.said.connect(said.append)
    session.project.store._connection.execute("PRAGMA query_only = 1")
    assert session.apply(wrong(session)) is None
    session.project.store._connection.execute("PRAGMA query_only = 0")
    for name, values in arrays(session).items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)
    assert len(said) == 1
    assert "labels.sqlite" in said[0]


def test_candidates_and_projections_of_a_frame(session):
    table = session.candidates(17)
    expected = candidate_table(FRAMES, session.rig)
    np.testing.assert_array_equal(table.xy, expected.xy[expected.rows(17)])
    assert set(table.frame.tolist()) == {17}
    np.testing.assert_allclose(session.poses.points[17], truth(FRAMES)[17], atol=1e-3)
    np.testing.assert_allclose(session.projection(17)[2], expected.of(17, 2).xy, atol=0.01)


def test_frames_are_clamped_and_announced_once(session):
    heard = []
    session.frame_changed.connect(heard.append)
    for frame in (5, 5, 999, -3):
        session.go_to(frame)
    assert heard == [5, FRAMES - 1, 0]


def test_selecting_wraps_around_the_keypoints(session):
    session.select(-1, 2)
    assert session.selection == Selection(2, 2)
    session.select(3)
    assert session.selection == Selection(0, -1)


def test_a_project_in_use_is_refused_and_a_closed_one_opens_again(session, folder):
    with pytest.raises(ProjectError, match="in use"):
        LabellingSession.open(folder)
    session.close()
    LabellingSession.open(folder).close()


def test_reading_anew_equals_opening(session):
    session.apply(wrong(session))
    state = load_state(session.project)
    np.testing.assert_array_equal(session.poses.points, state.poses.points)
    np.testing.assert_array_equal(session.decided, state.decided)
