"""Merging by rule: every clip once, gaps never bridged, always undoable, one name per thing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.behavior.mice import clips_of

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, Word
from napari_behaviorvlm.behavior.events.naming import canonical_names
from napari_behaviorvlm.behavior.events.rule import RuleSettings, alike, rule_merge, unmerge
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError


def said(*labels, source="vlm"):
    return {
        row: Caption(label, f"clip number {row} is about {label}", source=source)
        for row, label in enumerate(labels)
    }


def in_a_row(count, length=30, animal=0, first=0):
    return [(animal, first + i * length, first + (i + 1) * length - 1) for i in range(count)]


def spans(bouts):
    return [(b.start_frame, b.end_frame, b.label) for b in bouts]


def test_neighbours_with_one_label_become_one_event_that_refers_to_them():
    bouts = rule_merge(clips_of(in_a_row(4)), said("run", "run", "rest", "run"))
    assert spans(bouts) == [(0, 59, "run"), (60, 89, "rest"), (90, 119, "run")]
    assert [b.clips for b in bouts] == [(0, 1), (2,), (3,)]
    assert {b.source for b in bouts} == {"vlm"}


def test_frames_without_the_animal_and_other_animals_are_never_bridged():
    rows = [(0, 0, 29), (0, 31, 59), (1, 60, 89)]
    bouts = rule_merge(clips_of(rows, ("A0", "A1")), said("run", "run", "run"))
    assert [b.clips for b in bouts] == [(0,), (1,), (2,)]


def test_words_for_one_thing_are_one_event_and_the_word_is_kept():
    captions = said("run", "Running", "darting", "huddle")
    bouts = rule_merge(clips_of([(0, 0, 89), (0, 90, 99), (0, 100, 109), (0, 110, 120)]), captions)
    assert spans(bouts) == [(0, 109, "run"), (110, 120, "huddle")]
    alone = rule_merge(clips_of(in_a_row(2)), said("chase", "pursuit"))
    assert len(alone) == 1
    other = canonical_names({"run": 90, "darting": 10})
    assert other == {"run": "run", "darting": "run"}


def test_the_original_word_stays_in_the_description():
    clips = clips_of([(0, 0, 29), (0, 40, 139)])
    bouts = rule_merge(clips, said("pursuit", "chase"))
    assert bouts[0].label == "chase"
    assert "called “pursuit”" in bouts[0].description
    assert "called" not in bouts[1].description


def test_short_other_things_are_absorbed_only_when_asked_for():
    rows = [(0, 0, 59), (0, 60, 69), (0, 70, 129)]
    captions = said("run", "rest", "run")
    assert len(rule_merge(clips_of(rows), captions)) == 3
    (bout,) = rule_merge(clips_of(rows), captions, RuleSettings(absorb=0.5))
    assert (bout.label, bout.clips) == ("run", (0, 1, 2))
    assert len(rule_merge(clips_of(rows), captions, RuleSettings(absorb=0.3))) == 3


def test_absorbing_does_not_reach_over_a_gap():
    rows = [(0, 0, 59), (0, 60, 69), (0, 71, 129)]
    captions = said("run", "rest", "run")
    assert len(rule_merge(clips_of(rows), captions, RuleSettings(absorb=0.5))) == 3


def test_nearly_the_same_description_by_a_model_is_one_event():
    text = "A0 follows A1 along the wall and sniffs at its tail again and again, {} s"
    captions = {
        row: Caption(label, text.format(row), source="vlm")
        for row, label in enumerate(["follow the tail", "anogenital"])
    }
    assert len(rule_merge(clips_of(in_a_row(2)), captions)) == 1
    measured = {row: Caption(c.label, c.description, source="measured")
                for row, c in captions.items()}  # fmt: skip
    assert len(rule_merge(clips_of(in_a_row(2)), measured)) == 2
    assert alike("", "") == 0


def test_clips_without_a_caption_keep_their_cluster():
    bouts = rule_merge(clips_of(in_a_row(3), clusters=[4, 4, 2]), {})
    assert spans(bouts) == [(0, 59, "cluster 4"), (60, 89, "cluster 2")]
    assert bouts[0].cluster == 4
    assert bouts[0].source == "clusters"


def test_confidence_counts_clips_that_were_called_otherwise_as_wrong():
    captions = said("run", "rest", "run")
    captions = {row: Caption(c.label, confidence=0.8) for row, c in captions.items()}
    rows = [(0, 0, 59), (0, 60, 65), (0, 66, 125)]
    (bout,) = rule_merge(clips_of(rows), captions, RuleSettings(absorb=0.5))
    assert bout.confidence == pytest.approx(0.8 * 120 / 126)


LABELS = st.lists(st.sampled_from(["run", "Running", "rest", "huddle", "追う"]), max_size=30)


@given(LABELS, st.sets(st.integers(0, 29)), st.sampled_from([0.0, 1.5, 4.0]))
def test_every_clip_is_in_one_event_in_order_and_comes_back(labels, gaps, absorb):
    rows, at = [], 0
    for number in range(len(labels)):
        at += number in gaps
        rows.append((0, at, at + 9 + number))
        at += 10 + number
    clips, captions = clips_of(rows), said(*labels)
    bouts = rule_merge(clips, captions, RuleSettings(absorb=absorb))
    assert [row for bout in bouts for row in bout.clips] == list(range(len(clips)))
    for bout in bouts:
        assert bout.start_frame == clips.start[bout.clips[0]]
        assert bout.end_frame == clips.end[bout.clips[-1]]
        assert bout.n_frames == clips.lengths[list(bout.clips)].sum()  # no gap inside
    back = [part for bout in bouts for part in unmerge(bout, clips, captions)]
    assert [(b.start_frame, b.end_frame) for b in back] == [row[1:] for row in rows]
    assert [b.label for b in back] == labels
    for a, b in pairwise(bouts):
        touch = a.end_frame + 1 == b.start_frame
        assert not touch or a.label != b.label


def test_what_was_not_made_from_clips_cannot_be_split():
    clips = clips_of(in_a_row(2))
    for bout in (Bout("A0", 0, 59, "run"), Bout("A0", 0, 59, "run", clips=(0, 7)),
                 Bout("A1", 0, 59, "run", clips=(0, 1))):  # fmt: skip
        with pytest.raises(TableError, match="not made from the clips"):
            unmerge(bout, clips, {})


def test_names_do_not_depend_on_the_order():
    labels = ["Running", "run", "runs", "chase", "Chasing", "pursuit", "sniff", "Sniffing"]
    names = canonical_names(labels)
    assert len(set(names.values())) == 3
    shuffled = list(np.random.default_rng(0).permutation(labels))
    assert canonical_names(shuffled) == names


def test_the_labs_word_wins():
    words = Vocabulary([Word("Verfolgung", synonyms=("chase",)), Word("Ruhe", synonyms=("rest",))])
    names = canonical_names(["chase", "pursuit", "resting", "dance"], words)
    assert names == {
        "chase": "Verfolgung", "pursuit": "Verfolgung", "resting": "Ruhe", "dance": "dance",
    }  # fmt: skip


def test_impossible_settings_are_refused():
    with pytest.raises(TableError, match="negative"):
        RuleSettings(absorb=-1)
