"""What the behaviour dock knows: read from disk, changed in part, always the same as on disk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.gui.models.behavior_sessions import ANIMALS, behavior_session

from napari_behaviorvlm.core.bout_edits import (
    Delete,
    Merge,
    MoveEdge,
    Relabel,
    RenameLabel,
    Split,
)
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession, Filter


@pytest.fixture
def session(tmp_path):
    made = behavior_session(tmp_path / "box.behavior")
    yield made
    made.folder.close()


def on_screen(session):
    return {row_bout.id: row_bout for row in session.events for row_bout in row.bouts}


def on_disk(session):
    return {bout.id: bout for bout in session.store.bouts(session.recording.name)}


def totals(session):
    return {label: (total.bouts, total.frames) for label, total in session.totals().items()}


def test_rows_totals_and_places(session):
    assert [len(row) for row in session.events] == [4, 2, 1]
    assert totals(session)["walk"] == (2, 250)
    assert session.bout_at(0, 120).label == "rest"
    assert session.bout_at(0, 320) is None
    assert session.bout_at(2, 300) is None
    assert session.unseen[2].at(300)
    assert session.frames_seen(2) == 200
    assert session.clip_at(0, 0).label == "rest"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 499), st.integers(0, 2)), max_size=8))
def test_after_any_edits_the_screen_is_the_disk(session, steps):
    for kind, frame, animal in steps:
        bout = session.bout_at(animal, frame)
        if bout is not None:
            edit = (
                Split(bout.id, frame), MoveEdge(bout.id, "end", frame),
                Relabel((bout.id,), f"word {frame % 3}"), Delete((bout.id,)),
                MoveEdge(bout.id, "start", max(frame - 60, 0)), RenameLabel(bout.label, "renamed"),
            )[kind]  # fmt: skip
            session.apply(edit)
        elif kind % 2:
            session.undo()
        else:
            session.redo()
        assert on_screen(session) == on_disk(session)
        for row, name in zip(session.events, ANIMALS, strict=True):
            assert list(row.start) == sorted(row.start)
            assert {bout.animal for bout in row.bouts} <= {name}
    fresh = BehaviorSession(session.folder, session.recording, lambda *_: session.content)
    assert totals(fresh) == totals(session)


def test_what_cannot_be_done_is_said_and_changes_nothing(session):
    said = []
    session.said.connect(said.append)
    before = on_screen(session)
    walk = session.bout_at(0, 10)
    assert not session.apply(Split(walk.id, walk.start_frame))
    assert not session.apply(Merge((walk.id, session.bout_at(1, 10).id)))
    assert on_screen(session) == before
    assert "cannot be split at frame 0" in said[0]
    assert len(said) == 2


def test_selections_lose_what_is_gone_and_come_back_in_order(session):
    one, other = session.bout_at(0, 10), session.bout_at(0, 120)
    session.select(one.id, other.id, one.id)
    assert session.selection == (one.id, other.id)
    assert session.current == other
    session.apply(Delete((other.id,)))
    assert session.selection == (one.id,)
    session.undo()
    assert session.bout_at(0, 120) == other


def test_looking_for_labels_and_words(session):
    session.look_for(Filter(frozenset({"rest"})))
    assert [bout.start_frame for bout in session.found()] == [0, 100]
    session.look_for(Filter(words="TOM DOES"))
    assert [bout.label for bout in session.found()] == ["rest", "chase"]
    session.look_for(Filter())
    assert len(session.found()) == 7


def test_a_person_s_words_stay_when_everything_is_read_again(session):
    bout = session.bout_at(1, 300)
    session.apply(Relabel((bout.id,), "flee"))
    session.reload()
    assert session.bout_at(1, 300).label == "flee"
    assert session.bout_at(1, 300).source == "human"
