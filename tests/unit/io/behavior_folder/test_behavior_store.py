"""Captions and bouts on disk: edits, undo, renamings, and computing again."""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_behaviorvlm.core.bout_edits import (
    Accept,
    Add,
    Delete,
    Describe,
    Merge,
    MoveEdge,
    Relabel,
    RenameLabel,
    Replace,
    SetCaption,
    Split,
)
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import ProjectError, TableError
from napari_behaviorvlm.core.naming_edits import NameClip, NameClusters
from napari_behaviorvlm.io.behavior_folder import BehaviorStore


def clips(*rows, n_frames=100):
    """(animal, start, end, cluster) of clips of A0 and A1."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Clips(("A0", "A1"), n_frames, 10.0, *table.T, np.full(len(table), 0.5))


USUAL = clips((0, 0, 9, 1), (0, 10, 19, 2), (0, 20, 39, 1), (1, 0, 29, 3))


def bout(start, end, label="walk", animal="A0", **more):
    return Bout(animal, start, end, label, source=more.pop("source", "measured"), **more)


COMPUTED = (
    bout(0, 9, clips=(0,), cluster=1, description="Walks."),
    bout(10, 19, "run", clips=(1,), cluster=2),
    bout(20, 39, "walk", clips=(2,), cluster=1),
    bout(0, 29, "rest", "A1", clips=(3,), cluster=3),
)


@pytest.fixture
def store(tmp_path):
    with_store = BehaviorStore(tmp_path / "behavior.sqlite")
    with_store.use_clips("v", USUAL)
    with_store.replace_bouts("v", COMPUTED)
    yield with_store
    with_store.close()


def told(store, animal="A0", recording="v"):
    return [
        (one.start_frame, one.end_frame, one.label) for one in store.bouts_near(recording, animal)
    ]


BEFORE = [(0, 9, "walk"), (10, 19, "run"), (20, 39, "walk")]


def ids(store, animal="A0"):
    return [one.id for one in store.bouts_near("v", animal)]


def test_bouts_come_back_as_they_were(store):
    assert store.bouts("v") == list(COMPUTED)
    assert len({one.id for one in store.bouts("v")}) == 4
    assert store.bouts("other") == []


EDITS = [
    (lambda a, b, c: Relabel((b,), " dig  in "), [BEFORE[0], (10, 19, "dig in"), BEFORE[2]]),
    (lambda a, b, c: Split(c, 30), [*BEFORE[:2], (20, 29, "walk"), (30, 39, "walk")]),
    (lambda a, b, c: Merge((c, b)), [(0, 9, "walk"), (10, 39, "walk")]),
    (lambda a, b, c: Merge((a, b, c), "play"), [(0, 39, "play")]),
    (lambda a, b, c: MoveEdge(b, "end", 25), [(0, 9, "walk"), (10, 25, "run"), (26, 39, "walk")]),
    (lambda a, b, c: MoveEdge(b, "end", 12), [(0, 9, "walk"), (10, 12, "run"), (13, 39, "walk")]),
    (lambda a, b, c: MoveEdge(b, "start", 3), [(0, 2, "walk"), (3, 19, "run"), (20, 39, "walk")]),
    (lambda a, b, c: MoveEdge(c, "end", 99), [*BEFORE[:2], (20, 99, "walk")]),
    (lambda a, b, c: Delete((a, c)), [(10, 19, "run")]),
    (lambda a, b, c: Add("v", bout(35, 60, "sniff")), [*BEFORE, (35, 60, "sniff")]),
    (
        lambda a, b, c: NameClusters((1,), "trot"),
        [(0, 9, "trot"), (10, 19, "run"), (20, 39, "trot")],
    ),
    (lambda a, b, c: NameClusters((1, 2), "trot"), [(0, 39, "trot")]),
    (lambda a, b, c: NameClip("v", 1, Caption("hop")), [BEFORE[0], (10, 19, "hop"), BEFORE[2]]),
    (lambda a, b, c: RenameLabel("walk", "run"), [(0, 9, "run"), (10, 19, "run"), (20, 39, "run")]),
    (
        lambda a, b, c: Replace(c, (bout(20, 24, "x"), bout(25, 39, "y"))),
        [*BEFORE[:2], (20, 24, "x"), (25, 39, "y")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "after"), EDITS)
def test_every_edit_is_made_undone_and_made_again(store, edit, after):
    made = edit(*ids(store))
    store.apply(made, "ann")
    assert told(store) == after
    entry = store.undo()
    assert entry.action == made.action
    assert entry.undone
    assert store.bouts("v") == list(COMPUTED)
    assert store.redo().author == "ann"
    assert told(store) == after
    assert [one.label for one in store.bouts_near("v", "A1")] == ["rest"]


IMPOSSIBLE = [
    (lambda a, b, c: Split(a, 0), "frame 0: choose a frame from 1 to 9"),
    (lambda a, b, c: Merge((a,)), "at least two"),
    (lambda a, b, c: Merge((a, c)), "run of A0 from frame 10 lies between"),
    (lambda a, b, c: Merge((a, c + 1)), "different animals"),
    (lambda a, b, c: MoveEdge(b, "end", 9), "cannot be moved to frame 9"),
    (lambda a, b, c: MoveEdge(b, "end", 39), "left without a frame"),
    (lambda a, b, c: MoveEdge(c, "end", 100), "cannot be moved to frame 100"),
    (lambda a, b, c: Relabel((a, 999), "x"), "number 999"),
    (lambda a, b, c: Relabel((a,), " "), "at least one letter"),
    (lambda a, b, c: NameClusters((7,), "x"), "cluster 7"),
    (lambda a, b, c: Add("v", bout(90, 100)), "v has 100 frames"),
    (lambda a, b, c: SetCaption("v", 9, Caption("x")), "no clip 9"),
    (lambda a, b, c: NameClip("v", 9, Caption("x")), "no clip 9"),
]


@pytest.mark.parametrize(("edit", "words"), IMPOSSIBLE)
def test_what_cannot_be_done_is_said_and_changes_nothing(store, edit, words):
    with pytest.raises(TableError, match=words):
        store.apply(edit(*ids(store)))
    assert store.bouts("v") == list(COMPUTED)
    assert store.journal() == []


def test_clips_follow_their_bouts_through_split_and_merge(store):
    first, second, third = ids(store)
    store.apply(Merge((first, second, third)))
    assert store.bout(first)[1].clips == (0, 1, 2)
    store.apply(Split(first, 15))
    assert [one.clips for one in store.bouts_near("v", "A0")] == [(0, 1), (1, 2)]


def test_naming_a_cluster_cuts_events_that_were_made_from_others_too(store):
    store.replace_bouts("v", [
        bout(0, 34, "walk", clips=(0, 1, 2), description="Walks and runs."),
        bout(0, 29, "rest", "A1", clips=(3,), cluster=3),
    ])  # fmt: skip
    store.apply(Delete((ids(store, "A1")[0],)))
    before = store.bouts("v")
    store.apply(NameClusters((2,), "dash"))
    assert told(store) == [(0, 9, "walk"), (10, 19, "dash"), (20, 34, "walk")]
    first, dash, last = store.bouts_near("v", "A0")
    assert (first.source, dash.source, last.source) == ("measured", "human", "measured")
    assert (first.clips, dash.clips, last.clips) == ((0,), (1,), (2,))
    assert (dash.cluster, dash.description) == (2, "")
    store.undo()
    assert store.bouts("v") == before
    with pytest.raises(TableError, match="Nothing stands in the clips of cluster 3"):
        store.apply(NameClusters((3,), "sleep"))


def test_words_for_a_clip_name_the_event_there_unless_a_person_decided(store):
    store.replace_bouts("v", [bout(0, 19, "walk", clips=(0, 1)), bout(20, 39, clips=(2,))])
    said = Caption("run", "Runs.", confidence=0.8, source="vlm", exchange=7)
    store.apply(NameClip("v", 1, said))
    assert told(store) == [(0, 9, "walk"), (10, 19, "run"), (20, 39, "walk")]
    assert store.bouts_near("v", "A0")[1].source == "vlm"
    assert store.captions("v")[1] == said
    store.apply(Accept((ids(store)[2],)))
    store.apply(NameClip("v", 2, said))
    assert told(store)[2] == (20, 39, "walk")
    store.apply(NameClip("v", 2, Caption("trot", "Trots.")))
    assert told(store)[2] == (20, 39, "trot")
    assert store.captions("v")[2].source == "human"
    third = store.bouts_near("v", "A0")[2].id
    told_of = [entry.action for entry in store.history("v", third, 2)]
    assert told_of == ["caption of clip 2", "caption of clip 2", "accept a bout"]
    for _ in range(4):
        store.undo()
    assert store.history("v", third, 2) == []
    assert store.captions("v") == {}
    assert told(store) == [(0, 19, "walk"), (20, 39, "walk")]


def test_people_keep_what_they_did_when_computed_again(store):
    first, second, _ = ids(store)
    store.apply(Relabel((first,), "dig"))
    store.apply(MoveEdge(second, "end", 22))
    store.apply(Delete((ids(store, "A1")[0],)))
    again = store.replace_bouts(
        "v", [bout(5, 39, "new", clips=(0, 1, 2)), bout(0, 35, "new", "A1")]
    )
    assert told(store) == [(0, 9, "dig"), (10, 22, "run"), (23, 39, "walk")]
    assert told(store, "A1") == [(30, 35, "new")]
    assert (again.written, again.kept) == (1, 3)
    assert "3 bouts that people made or changed stayed" in again.sentence
    for _ in range(3):
        store.undo()
    assert told(store) == BEFORE
    assert told(store, "A1") == [(0, 29, "rest"), (30, 35, "new")]


def test_undoing_after_computing_again_leaves_no_frame_told_twice(store):
    store.apply(MoveEdge(ids(store)[2], "end", 30))
    store.replace_bouts("v", [bout(0, 60, "new", clips=(0, 1, 2))])
    assert told(store) == [(0, 19, "new"), (20, 30, "walk"), (31, 60, "new")]
    store.undo()
    assert told(store) == [(0, 19, "new"), (20, 39, "walk"), (40, 60, "new")]


def test_a_renaming_holds_for_what_is_computed_later_and_can_be_undone_then(store):
    store.apply(RenameLabel("walk", "trot"))
    store.apply(Accept((ids(store)[1],)))
    store.replace_bouts("v", [bout(0, 9, "walk"), bout(30, 39, "rest")])
    store.replace_bouts("w", [bout(0, 5, "walk")])
    assert told(store) == [(0, 9, "trot"), (10, 19, "run"), (30, 39, "rest")]
    assert told(store, recording="w") == [(0, 5, "trot")]
    assert store.name_of("walk") == "trot"
    assert store.labels() == {"trot": 2, "rest": 1, "run": 1}
    store.undo(), store.undo()
    assert told(store, recording="w") == [(0, 5, "walk")]
    assert store.name_of("walk") == "walk"


def test_renaming_in_a_circle_ends(store):
    for old, new in (("walk", "a"), ("a", "b"), ("b", "walk")):
        store.apply(RenameLabel(old, new))
    assert told(store) == BEFORE


def test_captions_stay_with_their_frames_when_clips_change(store):
    store.set_captions("v", {0: Caption("walk"), 1: Caption("run"), 2: Caption("walk")})
    store.apply(SetCaption("v", 1, Caption("dash", "Dashes.")))
    store.apply(Accept((ids(store)[2],)))
    assert store.set_captions("v", {0: Caption("trot"), 1: Caption("run")}) == 1
    assert {n: c.label for n, c in store.captions("v").items()} == {0: "trot", 1: "dash", 2: "walk"}
    assert store.use_clips("v", clips((0, 0, 19, 1), (0, 20, 39, 1), (1, 0, 29, 3)))
    assert {n: c.label for n, c in store.captions("v").items()} == {1: "walk"}
    assert store.bout(ids(store)[2])[1].clips == (1,)
    assert store.bout(ids(store)[0])[1].clips == ()
    assert store.use_clips("v", USUAL)
    assert not store.use_clips("v", USUAL)
    assert store.captions("v")[1].label == "dash"
    assert store.captions("v")[1].source == "human"
    assert store.undo().action.startswith("accept")
    store.undo()
    assert store.captions("v")[1].label == "run"


def test_describe_accept_and_journal(store):
    first = ids(store)[0]
    store.apply(Describe(first, " Trots along. "), "ann")
    store.apply(Accept((first,)), "bob")
    assert store.bout(first)[1].description == "Trots along."
    assert store.bout(first)[1].source == "human"
    assert [(e.author, e.action) for e in store.journal()] == [
        ("bob", "accept a bout"), ("ann", "describe a bout")
    ]  # fmt: skip
    store.undo()
    store.apply(Relabel((first,), "x"))
    assert store.redo() is None


def test_steps_are_forgotten_with_their_clips(store):
    store.set_done("caption", "v", "key")
    assert store.done("caption", "v") == "key"
    store.use_clips("v", clips((0, 0, 19, 1)))
    assert store.done("caption", "v") == ""


def test_damaged_newer_and_read_only_files(tmp_path, store):
    bad = tmp_path / "bad.sqlite"
    bad.write_bytes(b"no database at all" * 100)
    with pytest.raises(ProjectError, match="damaged"):
        BehaviorStore(bad)
    reader = BehaviorStore(store.path, writable=False)
    assert reader.bouts("v") == list(COMPUTED)
    with pytest.raises(ProjectError, match="cannot be written"):
        reader.apply(Delete((1,)))
    reader.close()


EDITOR = """
import sys
from pathlib import Path
from napari_behaviorvlm.core.bout_edits import Merge
from napari_behaviorvlm.io.behavior_folder import BehaviorStore
store = BehaviorStore(Path(sys.argv[1]))
numbers = tuple(one.id for one in store.bouts_near("v", "A0"))
print("ready", flush=True)
while True:
    store.apply(Merge(numbers))
    store.undo()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_killed_at_any_moment_an_edit_is_whole_or_not_there(store):
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", EDITOR, str(store.path)], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(random.uniform(0.01, 0.1))
            child.kill()
        assert told(store) in [BEFORE, [(0, 39, "walk")]]
        while told(store) != BEFORE:
            store.undo()


def test_an_edit_takes_as_long_in_a_long_recording(store):
    """Work, not seconds: SQLite's steps for an edit of a recording with 20,000 bouts."""
    store.replace_bouts("w", [bout(10 * n, 10 * n + 9) for n in range(20_000)])
    late = store.bouts_near("w", "A0", 199_990, 199_999)[0].id
    steps = []
    store._file._connection.set_progress_handler(lambda: steps.append(1) and None, 1000)
    store.apply(MoveEdge(late, "start", 199_985))
    store.apply(Split(late, 199_990))
    store.undo()
    assert len(steps) < 2000, "steps of a thousand instructions"
