"""Decisions of people survive undo, restarts, kills and reordered calibrations."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.schema import MIGRATIONS
from napari_behaviorvlm.io.project.store import LabelStore, Run, StoredLabel

CAMERAS = ("cam0", "cam1", "Kamera ü")
KEYPOINTS = ("nose", "tail")


def human(x, y=2.0, candidate=0):
    return StoredLabel(x, y, candidate, Status.CORRECTED, Source.HUMAN, 1.0, "Ann", "2026")


@pytest.fixture
def store(tmp_path):
    store = LabelStore(tmp_path / "labels.sqlite", CAMERAS, KEYPOINTS)
    yield store
    store.close()


def test_a_label_comes_back_as_it_was_given(store):
    label = StoredLabel(1.25, 2.5, 7, Status.ACCEPTED, Source.GEOMETRIC, 0.75, "rule", "2026")
    store.apply([((4, 2, 1), label)], "accept", "rule")
    assert store.get((4, 2, 1)) == label
    assert list(store.labels()) == [((4, 2, 1), label)]
    assert list(store.labels(5)) == []


def test_undo_restores_what_stood_before_also_after_a_restart(tmp_path):
    path = tmp_path / "labels.sqlite"
    store = LabelStore(path, CAMERAS, KEYPOINTS)
    store.apply([((0, 0, 0), human(1.0))], "first", "Ann")
    store.apply([((0, 0, 0), human(2.0)), ((0, 1, 0), human(3.0))], "second", "Ben")
    store.close()
    store = LabelStore(path, CAMERAS, KEYPOINTS)
    assert sorted(store.undo()) == [(0, 0, 0), (0, 1, 0)]
    assert store.get((0, 0, 0)).x == 1.0
    assert store.get((0, 1, 0)) is None
    assert sorted(store.redo()) == [(0, 0, 0), (0, 1, 0)]
    assert store.get((0, 0, 0)).x == 2.0
    assert store.redo() is None
    store.undo()
    store.undo()
    assert store.undo() is None
    assert store.get((0, 0, 0)) is None
    store.close()


def test_a_new_edit_forgets_what_was_undone(store):
    store.apply([((0, 0, 0), human(1.0))], "first", "Ann")
    store.undo()
    store.apply([((0, 0, 1), human(5.0))], "other", "Ann")
    assert store.redo() is None
    assert [edit.action for edit in store.journal()] == ["other"]


def test_history_tells_who_did_what(store):
    store.apply([((3, 1, 0), human(1.0))], "move", "Ann")
    store.apply([((3, 1, 0), None)], "delete", "Ben")
    entries = [
        (edit.author, edit.action, left and left.x) for edit, left in store.history((3, 1, 0))
    ]
    assert entries == [("Ann", "move", 1.0), ("Ben", "delete", None)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["undo", "redo"]),
            st.tuples(st.integers(0, 2), st.one_of(st.none(), st.floats(0, 9))),
        ),
        max_size=20,
    )
)
def test_undo_and_redo_follow_a_simple_model(tmp_path_factory, steps):
    store = LabelStore(tmp_path_factory.mktemp("p") / "labels.sqlite", CAMERAS, KEYPOINTS)
    past, now, future = [], {}, []
    for step in steps:
        if step == "undo":
            assert (store.undo() is not None) == bool(past)
            if past:
                future.append(now)
                now = past.pop()
        elif step == "redo":
            assert (store.redo() is not None) == bool(future)
            if future:
                past.append(now)
                now = future.pop()
        else:
            camera, x = step
            store.apply([((0, camera, 0), None if x is None else human(x))], "edit", "Ann")
            past.append(now)
            future = []
            now = {key: value for key, value in now.items() if key != camera}
            if x is not None:
                now[camera] = x
    assert {cell[1]: label.x for cell, label in store.labels()} == now
    store.close()


def test_labels_stay_with_their_camera_when_the_rig_is_reordered(tmp_path):
    path = tmp_path / "labels.sqlite"
    store = LabelStore(path, CAMERAS, KEYPOINTS)
    store.apply([((0, 0, 1), human(1.0)), ((0, 2, 0), human(3.0))], "edit", "Ann")
    store.close()
    store = LabelStore(path, CAMERAS[::-1], KEYPOINTS[::-1])
    assert {cell: label.x for cell, label in store.labels()} == {(0, 2, 0): 1.0, (0, 0, 1): 3.0}
    store.close()


def test_a_covered_run_is_forgotten(store):
    store.add_run(Run("geometric", "a", 0, 10, {}), "1")
    store.add_run(Run("geometric", "b", 5, 20, {"x": 1}), "1")
    store.add_run(Run("geometric", "c", 0, 10, {}), "1")
    assert [(run.key, run.settings) for run in store.runs()] == [("b", {"x": 1}), ("c", {})]


def test_an_edit_that_fails_half_way_changes_nothing(store):
    def changes():
        yield (0, 0, 0), human(1.0)
        raise RuntimeError("the annotator's computer is on fire")

    with pytest.raises(RuntimeError):
        store.apply(changes(), "edit", "Ann")
    assert list(store.labels()) == []
    assert store.journal() == []


def test_a_newer_file_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "labels.sqlite"
    LabelStore(path, CAMERAS, KEYPOINTS).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(ProjectError, match="newer behaviorvlm"):
        LabelStore(path, CAMERAS, KEYPOINTS)


def test_a_damaged_file_is_named_and_left_alone(tmp_path):
    path = tmp_path / "labels.sqlite"
    path.write_bytes(b"not a database, but somebody's precious bytes" * 100)
    before = path.read_bytes()
    with pytest.raises(ProjectError, match=r"labels\.sqlite is damaged"):
        LabelStore(path, CAMERAS, KEYPOINTS)
    assert path.read_bytes() == before


def test_reading_needs_no_write_permission(tmp_path):
    store = LabelStore(tmp_path / "labels.sqlite", CAMERAS, KEYPOINTS)
    store.apply([((0, 0, 0), human(1.0))], "edit", "Ann")
    store.close()
    reader = LabelStore(tmp_path / "labels.sqlite", CAMERAS, KEYPOINTS, writable=False)
    assert reader.get((0, 0, 0)).x == 1.0
    with pytest.raises(ProjectError):
        reader.apply([((0, 0, 0), None)], "edit", "Ann")
    reader.close()


def test_kill_between_edits_loses_at_most_the_one_in_flight(tmp_path):
    path = tmp_path / "labels.sqlite"
    script = textwrap.dedent(f"""
        from pathlib import Path
        from napari_behaviorvlm.core.labels import Source, Status
        from napari_behaviorvlm.io.project.store import LabelStore, StoredLabel
        store = LabelStore(Path({str(path)!r}), {CAMERAS!r}, {KEYPOINTS!r})
        for frame in range(10**6):
            label = StoredLabel(float(frame), 0.0, 0, Status.CORRECTED, Source.HUMAN)
            store.apply([((frame, c, k), label) for c in range(3) for k in range(2)], "e", "Ann")
            print(frame, flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    last = 0
    for _ in range(20):
        last = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    store = LabelStore(path, CAMERAS, KEYPOINTS)
    frames = [cell[0] for cell, _ in store.labels()]
    assert set(range(last + 1)) <= set(frames)
    assert all(frames.count(frame) == 6 for frame in set(frames))
    store.close()


def test_decisions_as_columns_are_the_labels(store):
    given = {
        (7, 2, 1): StoredLabel(1.5, 2.5, 3, Status.CORRECTED, Source.HUMAN, 1.0, "Ann"),
        (3, 0, 0): StoredLabel(None, None, 0, Status.OCCLUDED, Source.HUMAN, None, "Ann"),
        (2**40, 1, 1): StoredLabel(9.0, 8.0, 0, Status.ACCEPTED, Source.VLM, 0.25, "Ann"),
    }
    store.apply(given.items(), "many", "Ann")
    columns = store.decisions()
    assert len(columns) == 3
    found = dict(zip(zip(*(c.tolist() for c in columns.cells), strict=True), range(3), strict=True))
    assert list(found) == sorted(given)
    for cell, row in found.items():
        label = given[cell]
        xy = [np.nan if v is None else v for v in (label.x, label.y)]
        np.testing.assert_array_equal(columns.xy[row], xy)
        assert columns.candidate[row] == label.candidate
        assert (columns.status[row], columns.source[row]) == (label.status, label.source)
        np.testing.assert_array_equal(
            columns.confidence[row], np.nan if label.confidence is None else label.confidence
        )


def test_decisions_about_cameras_that_are_gone_are_left_out_and_order_does_not_matter(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite", ("a", "b"), ("nose", "tail"))
    label = StoredLabel(1.0, 2.0, 0, Status.CORRECTED, Source.HUMAN, 1.0, "Ann")
    store.apply([((0, 0, 0), label), ((0, 1, 1), label)], "x", "Ann")
    store.close()
    store = LabelStore(tmp_path / "l.sqlite", ("c", "b"), ("tail", "nose"))
    assert [c.tolist() for c in store.decisions().cells] == [[0], [1], [0]]
    store.close()


def test_an_author_can_be_left_out_and_nobody_is_an_author_like_others(store):
    mine, nobodys = (StoredLabel(1.0, 2.0, 3, Status.CORRECTED, Source.HUMAN, None, who)
                     for who in ("Ann", ""))  # fmt: skip
    store.apply([((1, 0, 0), mine), ((2, 0, 0), nobodys)], "many", "Ann")
    assert store.decisions().frame.tolist() == [1, 2]
    assert store.decisions(without="Ann").frame.tolist() == [2]
    assert store.decisions(without="").frame.tolist() == [1]


def test_no_decisions_are_empty_columns(store):
    assert len(store.decisions()) == 0
    assert store.decisions().xy.shape == (0, 2)
