"""Captions and merges by a simulated model over real HTTP, and all that goes wrong there."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
from simulated_vlm import (
    CAREFUL,
    SLOPPY,
    BehaviorOracle,
    BehaviorTruth,
    Fault,
    SimulatedServer,
    WordErrors,
)
from tests.unit.behavior.mice import FPS, bodies_of, clips_of, straight
from tests.unit.vlm.asking import QUICK, TRUTH, finish

from napari_behaviorvlm.behavior.captions.measured import measure
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, Word
from napari_behaviorvlm.behavior.events.evaluation import score_bouts, score_captions
from napari_behaviorvlm.behavior.events.model import ModelMerge, WindowSettings
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.behavior.captioning import (
    Captioned,
    CaptionRequest,
    caption_by_model,
    caption_measured,
    clip_question,
)

BEHAVIORS = ("rest", "run", "groom", "chase")
WORDS = Vocabulary([Word("rest"), Word("run", synonyms=("running",)), Word("groom"),
                    Word("chase", "behind another", ("pursuit",))])  # fmt: skip
CLIP = 30


def recording(n_clips=12, seed=0):
    """One animal, clips of a second, truth that changes every few of them."""
    chance = np.random.default_rng(seed)
    per_clip = np.repeat(chance.integers(0, len(BEHAVIORS), n_clips), chance.integers(1, 4))
    per_clip = per_clip[:n_clips]
    clips = clips_of([(0, i * CLIP, (i + 1) * CLIP - 1) for i in range(n_clips)])
    truth = BehaviorTruth(("A0",), BEHAVIORS, np.repeat(per_clip, CLIP)[:, None])
    path = straight(0.5, n_clips * CLIP, start=(60, 60))
    bodies = bodies_of(path[:, None], np.zeros((len(path), 1)))
    return clips, truth, bodies


@contextmanager
def asking(truth, errors=None, store=None, **settings):
    behavior = BehaviorOracle(truth, errors or WordErrors())
    with SimulatedServer(TRUTH, behavior=behavior) as server:
        chosen = {"base_url": server.url, "model": "simulated", "policy": QUICK, **settings}
        with ModelSession(Settings(**chosen), store or AnswerStore()) as session:
            server.calls.clear()
            yield server, session


def picture(_):
    return np.full((120, 240), 100, np.uint8)


def captioned(session, clips, bodies, vocabulary=None, **more):
    request = CaptionRequest("test", clips, bodies=bodies, vocabulary=vocabulary, **more)
    return finish(caption_by_model(request, picture, session))


def right(clips, truth):
    return [truth.of("A0", s, e) for s, e in zip(clips.start, clips.end, strict=True)]


# Captions ------------------------------------------------------------------------------------


def test_every_clip_gets_its_caption_and_nothing_is_paid_twice():
    clips, truth, bodies = recording()
    store = AnswerStore()
    with asking(truth, store=store) as (server, session):
        report, said = captioned(session, clips, bodies)
        assert [report.captions[row].label for row in range(len(clips))] == right(clips, truth)
        assert {c.source for c in report.captions.values()} == {"vlm"}
        assert all(c.exchange > 0 for c in report.captions.values())
        assert report.by_model == len(clips)
        assert len(server.calls) == len(clips)
        came = [row for p in said if isinstance(p, Captioned) for row in p.captions]
        assert sorted(came) == list(range(len(clips)))
        again, _ = captioned(session, clips, bodies)
        assert len(server.calls) == len(clips)
        assert again.captions == report.captions


def test_what_is_the_same_for_all_clips_comes_first():
    clips, truth, bodies = recording(3)
    with asking(truth) as (server, session):
        captioned(session, clips, bodies, WORDS, language="Deutsch")
    bodies_sent = [call.body for call in server.calls]
    heads = {json.dumps([b["system"], b["messages"][0]["content"][0]]) for b in bodies_sent}
    assert len(heads) == 1
    assert "five texts in Deutsch" in heads.pop()
    request = CaptionRequest("test", clips, bodies=bodies, vocabulary=WORDS)
    questions = [clip_question(request, one, picture) for one in measure(None, bodies, clips)]
    assert len({question.prefix for question in questions}) == 1
    assert questions[0].prefix is not None
    schema = bodies_sent[0]["output_config"]["format"]["schema"]
    assert schema["properties"]["label"]["enum"] == ["rest", "run", "groom", "chase", "other"]
    assert sum(part["type"] == "image" for part in bodies_sent[0]["messages"][0]["content"]) == 2


def test_synonyms_of_the_lab_are_its_words_without_asking_again():
    clips, truth, bodies = recording()
    errors = WordErrors(synonym=1.0)
    words = Vocabulary([Word("rest", synonyms=("resting",)), WORDS.words[1],
                        Word("groom", synonyms=("self-grooming",)), WORDS.words[3]])  # fmt: skip
    with asking(truth, errors) as (server, session):
        report, _ = captioned(session, clips, bodies, words)
        assert [report.captions[row].label for row in range(len(clips))] == right(clips, truth)
        assert len(server.calls) == len(clips)


def test_another_language_is_repaired_where_the_lab_has_a_vocabulary():
    clips, truth, bodies = recording()
    with asking(truth, WordErrors(foreign=1.0, stubborn=0.0)) as (server, session):
        report, _ = captioned(session, clips, bodies, WORDS)
        assert [report.captions[row].label for row in range(len(clips))] == right(clips, truth)
        assert len(server.calls) == 2 * len(clips)


def test_a_stubborn_model_leaves_other_and_its_own_word():
    clips, truth, bodies = recording()
    with asking(truth, WordErrors(foreign=1.0, stubborn=1.0)) as (_, session):
        report, _ = captioned(session, clips, bodies, WORDS)
    assert {c.label for c in report.captions.values()} == {"other"}
    assert all("called “" in c.description for c in report.captions.values())


def test_another_language_is_taken_as_it_is_without_a_vocabulary():
    truth = BehaviorTruth(("A0",), BEHAVIORS, np.full((3 * CLIP, 1), 3))
    clips, _, bodies = recording(3)
    with asking(truth, WordErrors(foreign=1.0, stubborn=1.0)) as (server, session):
        report, _ = captioned(session, clips, bodies)
        assert {c.label for c in report.captions.values()} == {"追いかける"}
        assert len(server.calls) == 3


@pytest.mark.parametrize("kind", ["empty", "html", "prose", "truncated", "rate_limit", "fenced"])
def test_bad_answers_are_asked_again(kind):
    clips, truth, bodies = recording(3)
    with asking(truth, concurrency=1) as (server, session):
        server.fail(Fault(kind))
        report, _ = captioned(session, clips, bodies, WORDS)
    assert [report.captions[row].label for row in range(3)] == right(clips, truth)


def test_late_answers_are_waited_for():
    clips, truth, bodies = recording(2)
    with asking(truth, timeout=0.3) as (server, session):
        server.fail(Fault("hang"))
        report, said = captioned(session, clips, bodies)
    assert report.by_model == 2
    assert any("did not answer" in progress.message for progress in said)


def test_a_clip_without_a_sound_answer_keeps_its_measured_caption():
    clips, truth, bodies = recording(3)
    with asking(truth, concurrency=1) as (server, session):
        server.fail(Fault("empty", 3))
        report, _ = captioned(session, clips, bodies)
    sources = [report.captions[row].source for row in range(3)]
    assert sources == ["measured", "vlm", "vlm"]
    assert report.by_model == 2
    assert "1 clips have their measured caption" in report.notes[0]


def test_measured_captions_ask_nobody():
    clips, _, bodies = recording(3)
    report, said = finish(caption_measured(CaptionRequest("test", clips, bodies=bodies)))
    assert {c.source for c in report.captions.values()} == {"measured"}
    assert isinstance(said[-1], Captioned)


def test_pictures_need_bodies():
    clips, _, _ = recording(2)
    with pytest.raises(TableError, match="no bodies"):
        finish(caption_by_model(CaptionRequest("test", clips), picture, None))


# Merges --------------------------------------------------------------------------------------


def merged(session, clips, captions, **more):
    return finish(ModelMerge("test", clips, captions, **more).run(session))[0]


def true_captions(clips, truth):
    return {row: Caption(label, source="vlm") for row, label in enumerate(right(clips, truth))}


def assert_whole(report, clips):
    assert [row for bout in report.bouts for row in bout.clips] == list(range(len(clips)))
    for bout in report.bouts:
        assert bout.n_frames == clips.lengths[list(bout.clips)].sum()


def test_windows_give_what_one_question_gives():
    clips, truth, _ = recording(60, seed=3)
    captions = true_captions(clips, truth)
    with asking(truth) as (_, session):
        whole = merged(session, clips, captions, windows=WindowSettings(100, 0))
        parts = merged(session, clips, captions, windows=WindowSettings(9, 3))
    assert whole.questions == 1
    assert parts.questions == 10
    assert [b.clips for b in parts.bouts] == [b.clips for b in whole.bouts]
    assert [b.label for b in parts.bouts] == [b.label for b in whole.bouts]
    assert {b.source for b in parts.bouts} == {"vlm"}
    assert parts.by_rule == ()


@pytest.mark.parametrize("spoil", ["drop", "repeat", "disorder"])
def test_lost_repeated_and_disordered_clips_are_repaired(spoil):
    clips, truth, _ = recording(30, seed=1)
    captions = true_captions(clips, truth)
    with asking(truth) as (_, session):
        right_one = merged(session, clips, captions)
    with asking(truth, WordErrors(**{spoil: 1.0}, stubborn=0.0)) as (server, session):
        report = merged(session, clips, captions)
        assert len(server.calls) == 2
    assert report.bouts == right_one.bouts


@pytest.mark.parametrize("spoil", ["drop", "repeat", "disorder"])
def test_stubborn_mistakes_fall_back_to_the_rule_and_are_told(spoil):
    clips, truth, _ = recording(30, seed=1)
    captions = true_captions(clips, truth)
    with asking(truth, WordErrors(**{spoil: 1.0}, stubborn=1.0)) as (_, session):
        report = merged(session, clips, captions)
    assert_whole(report, clips)
    assert bool(report.by_rule) == (spoil != "disorder")
    assert bool(report.notes) == bool(report.by_rule)


def test_no_answer_at_all_is_the_rule():
    clips, truth, _ = recording(10)
    captions = true_captions(clips, truth)
    with asking(truth) as (server, session):
        server.fail(Fault("empty", 3))
        report = merged(session, clips, captions)
    assert_whole(report, clips)
    assert report.by_rule == tuple(range(10))


def test_a_model_that_joins_over_a_gap_is_not_followed():
    clips = clips_of([(0, 0, 29), (0, 30, 59), (0, 80, 109)])
    truth = BehaviorTruth(("A0",), BEHAVIORS, np.ones((110, 1), int))
    captions = true_captions(clips, truth)
    with asking(truth, WordErrors(missed=1.0)) as (_, session):  # joins where it should cut
        report = merged(session, clips, captions)
    assert_whole(report, clips)
    assert (1, 2) not in [bout.clips for bout in report.bouts]


@pytest.mark.parametrize("errors", [CAREFUL, SLOPPY], ids=["careful", "sloppy"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_a_model_says_every_clip_is_in_one_event(errors, seed):
    clips, truth, bodies = recording(40, seed)
    with asking(truth, errors) as (_, session):
        report, _ = captioned(session, clips, bodies, WORDS)
        events = merged(session, clips, report.captions, vocabulary=WORDS,
                        windows=WindowSettings(12, 4))  # fmt: skip
    assert_whole(events, clips)
    score = score_bouts(truth.labels, BEHAVIORS, events.bouts, ("A0",), FPS, vocabulary=WORDS)
    alone = score_captions(truth.labels, BEHAVIORS, clips, report.captions, vocabulary=WORDS)
    assert score.named >= alone.named - 0.05
    if errors is CAREFUL:
        assert score.named > 0.7
        assert score.boundaries > 0.8
