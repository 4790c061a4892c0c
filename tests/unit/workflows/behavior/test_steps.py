"""From segmented recordings to events: kept, done again only where needed, people's work safe."""

from contextlib import contextmanager

import numpy as np
import pytest
from simulated_vlm import BehaviorOracle, BehaviorTruth, SimulatedServer, WordErrors
from tests.unit.vlm.asking import QUICK, TRUTH, finish
from tests.unit.workflows.behaving_folder import CLIP, Segmented, folder_of

from napari_behaviorvlm.core.bout_edits import Relabel, RenameLabel, SetCaption
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError, VLMError
from napari_behaviorvlm.core.progress import Counted
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.behavior.captions import caption
from napari_behaviorvlm.workflows.behavior.events import merge
from napari_behaviorvlm.workflows.behavior.plan import plan_words
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.status import behavior_status

TOLD = ["rest", "rest", "run", "run", "rest", "run"]
MEASURED = WordsRequest()


@pytest.fixture
def segmented(monkeypatch):
    return Segmented(TOLD).install(monkeypatch)


@pytest.fixture
def folder(tmp_path, segmented):
    with folder_of(tmp_path) as opened:
        yield opened


def told(folder, name="v"):
    return [(b.start_frame, b.end_frame, b.label) for b in folder.store.bouts(name)]


EVENTS = [(0, 59, "rest"), (60, 119, "run"), (120, 149, "rest"), (150, 179, "run")]


@contextmanager
def model(words=TOLD, errors=None, **more):
    labels = np.repeat([("rest", "run", "walk").index(word) for word in words], CLIP)
    truth = BehaviorTruth(("A0",), ("rest", "run", "walk"), labels[:, None])
    oracle = BehaviorOracle(truth, errors or WordErrors())
    with SimulatedServer(TRUTH, behavior=oracle) as server:
        settings = Settings(base_url=server.url, model="simulated", policy=QUICK, **more)
        yield server, settings


# Without a model -----------------------------------------------------------------------------


def test_measured_captions_become_events_and_nothing_is_done_twice(folder):
    first, _ = finish(caption(folder, MEASURED))
    assert first.sources == {"measured": 6}
    assert first.computed == ("v",)
    merged, _ = finish(merge(folder, MEASURED))
    assert told(folder) == EVENTS
    assert merged.labels == {"rest": 2, "run": 2}
    assert [b.clips for b in folder.store.bouts("v")] == [(0, 1), (2, 3), (4,), (5,)]
    numbers = [b.id for b in folder.store.bouts("v")]
    assert finish(caption(folder, MEASURED))[0].computed == ()
    assert "Nothing had changed" in finish(merge(folder, MEASURED))[0].sentence
    assert [b.id for b in folder.store.bouts("v")] == numbers
    assert folder.config.settings["caption"]["captioner"] == "measured"


def test_what_people_did_stays_when_clips_change(folder, segmented):
    finish(caption(folder, MEASURED))
    finish(merge(folder, MEASURED))
    folder.store.apply(Relabel((folder.store.bouts("v")[1].id,), "dash"))
    folder.store.apply(SetCaption("v", 5, Caption("jump", "Jumps.")))
    folder.store.apply(RenameLabel("rest", "sleep"))
    segmented.told = ["run", "run", "run", "rest", "rest", "run"]
    again, _ = finish(caption(folder, MEASURED))
    assert again.kept == 1
    assert "1 caption that people wrote stayed" in again.sentence
    merged, _ = finish(merge(folder, MEASURED))
    assert told(folder) == [
        (0, 59, "run"), (60, 119, "dash"), (120, 149, "sleep"), (150, 179, "jump")
    ]  # fmt: skip
    assert "1 bout that people made or changed stayed" in merged.sentence


def test_only_what_changed_is_captioned_again(tmp_path, segmented):
    words = tmp_path / "words.toml"
    words.write_text(
        '[[behavior]]\nname = "still"\nsynonyms = ["rest"]\n[[behavior]]\nname="run"\n'
    )
    with folder_of(tmp_path, ("a", "b")) as folder:
        assert finish(caption(folder, MEASURED))[0].computed == ("a", "b")
        assert finish(caption(folder, MEASURED))[0].computed == ()
        given = WordsRequest(vocabulary=words)
        assert finish(caption(folder, given))[0].computed == ("a", "b")
        assert finish(caption(folder, MEASURED))[0].computed == ()  # kept in the folder
        finish(merge(folder, MEASURED))
        assert {label for _, _, label in told(folder, "b")} == {"still", "run"}
        words.write_text("[[behavior]]\n")
        with pytest.raises(TableError, match="words.toml"):
            finish(caption(folder, given))


def test_absorbing_and_status(folder):
    before = behavior_status(folder)
    assert before.next_step.startswith("behaviorvlm behavior caption")
    finish(caption(folder, MEASURED))
    finish(merge(folder, WordsRequest(absorb=1.5)))
    assert told(folder) == [(0, 59, "rest"), (60, 179, "run")]
    folder.store.apply(Relabel((folder.store.bouts("v")[0].id,), "sleep"))
    status = behavior_status(folder)
    assert status.recordings[0].labels == {"run": 4.0, "sleep": 2.0}
    assert status.recordings[0].tracked == 1.0
    assert status.recordings[0].bouts == {"human": 1, "measured": 1}
    assert status.edits == 1
    assert status.next_step.startswith("behaviorvlm behavior export")


# With a model --------------------------------------------------------------------------------


def test_a_model_captions_and_merges_and_is_asked_once(folder):
    with model() as (server, settings):
        request = WordsRequest("model", "model", settings)
        plan = plan_words(folder, request)
        assert (plan.clips, plan.known, plan.merge_questions) == (6, 0, 1)
        assert plan.vlm_calls == 7
        assert not server.calls
        said, steps = finish(caption(folder, request))
        assert said.sources == {"vlm": 6}
        assert said.asked.calls == 6 + 2, "two of them found out what the server can"
        assert any(isinstance(step, Counted) and step.calls for step in steps)
        assert 0.3 < plan_words(folder, request).input_tokens / plan.input_tokens * 7 < 3
        merged, _ = finish(merge(folder, request))
        assert merged.asked.calls == 1
        assert told(folder) == EVENTS
        assert {b.source for b in folder.store.bouts("v")} == {"vlm"}
        asked = len(server.calls)
        assert plan_words(folder, request, ("caption",)).known == 6
    finish(caption(folder, request))  # nobody is there any more, and nobody is needed
    finish(merge(folder, request))
    assert len(server.calls) == asked
    assert behavior_status(folder).calls == 7 + 2


def test_a_budget_ends_it_and_more_money_goes_on(folder):
    with model(price=Price(1000.0, 1000.0, 100.0, 1250.0)) as (server, settings):
        probe = WordsRequest("model", "rule", settings)
        whole = plan_words(folder, probe).cost_usd
        poor = Settings(**{**vars(settings), "budget": whole, "concurrency": 1})
        with pytest.raises(VLMError, match="of 6 clips of v are captioned so far"):
            finish(caption(folder, WordsRequest("model", "rule", poor)))
        before = sum("caption" in str(call.body) for call in server.calls)
        done, _ = finish(caption(folder, WordsRequest("model", "rule", settings)))
        assert done.sources == {"vlm": 6}
        assert 0 < done.asked.known + done.asked.calls == 6
        assert sum("caption" in str(call.body) for call in server.calls) < before + 6


def test_batches_are_handed_in_and_collected(folder):
    with model() as (server, settings):
        request = WordsRequest("model", "rule", settings, batch=True)
        first, _ = finish(caption(folder, request))
        assert "6 clips wait for their batch" in first.sentence
        assert first.sources == {"measured": 6}
        server.batches.finish()
        last, _ = finish(caption(folder, request))
        assert last.sources == {"vlm": 6}
        assert last.waiting == ""


FAULTS = {
    "lost": WordErrors(drop=1.0, stubborn=1.0), "twice": WordErrors(repeat=1.0, stubborn=1.0),
    "disorder": WordErrors(disorder=1.0, stubborn=1.0),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_model_loses_every_clip_is_in_one_event(folder, fault):
    with model(errors=FAULTS[fault]) as (_, settings):
        request = WordsRequest("model", "model", settings)
        finish(caption(folder, request))
        finish(merge(folder, request))
    bouts = folder.store.bouts("v")
    assert sorted(clip for bout in bouts for clip in bout.clips) == list(range(6))
    covered = np.zeros(180, int)
    for bout in bouts:
        covered[bout.start_frame : bout.end_frame + 1] += 1
    assert (covered == 1).all()


def test_captions_in_another_language_end_as_other_where_the_lab_has_words(folder, tmp_path):
    words = tmp_path / "words.toml"
    words.write_text("".join(f'[[behavior]]\nname = "{w}"\n' for w in ("rest", "run", "walk")))
    with model(errors=WordErrors(foreign=1.0, stubborn=1.0)) as (_, settings):
        finish(caption(folder, WordsRequest("model", "rule", settings, words)))
    finish(merge(folder, MEASURED))
    assert told(folder) == [(0, 179, "other")]
    assert "called “" in folder.store.bouts("v")[0].description
