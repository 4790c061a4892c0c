"""Addresses, keys, and finding out what a server can do."""

import pytest
from simulated_vlm import Abilities, SimulatedServer
from tests.unit.vlm.asking import QUICK, TRUTH, finish, png, question, right_number, running

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.coordinates import Coordinates
from napari_behaviorvlm.vlm.endpoint import Route, clean_url, endpoint
from napari_behaviorvlm.vlm.facts import RegionsFacts
from napari_behaviorvlm.vlm.failures import failure_of_status, redacted, retry_after
from napari_behaviorvlm.vlm.profile import Profile, known_profile
from napari_behaviorvlm.vlm.questions import Question
from napari_behaviorvlm.vlm.request import AnswerForm
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore

KEY = {"ANTHROPIC_API_KEY": "sk-ant-official"}


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("http://localhost:11434/v1/", "http://localhost:11434"),
        ("localhost:8000", "http://localhost:8000"),
        ("http://user:secret@host:1/v1?key=abc#x", "http://host:1"),
        ("https://proxy.lab.org/llm/v1/messages", "https://proxy.lab.org/llm"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses_are_cleaned(given, clean):
    assert clean_url(given) == clean


@pytest.mark.parametrize("bad", ["", "ftp://x", "http://", "http://host:99999"])
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(VLMError, match="http://host:port"):
        clean_url(bad)


def test_a_key_goes_only_where_it_was_meant_for():
    assert endpoint(None, "m", environ=KEY).key == "sk-ant-official"
    assert endpoint("http://127.0.0.1:8000", "m", environ=KEY).key is None
    proxy = {**KEY, "ANTHROPIC_BASE_URL": "http://proxy:4000/"}
    assert endpoint(None, "m", environ=proxy).key == "sk-ant-official"
    assert endpoint("http://elsewhere:1", "m", environ=proxy).key is None
    named = endpoint("http://elsewhere:1", "m", key_env="LAB_KEY", environ={"LAB_KEY": "k"})
    assert named.key == "k"
    assert "'k'" not in repr(named)
    with pytest.raises(VLMError, match="LAB_KEY"):
        endpoint(None, "m", key_env="LAB_KEY", environ={})


def test_sentences_carry_no_keys():
    assert (
        redacted("bad key sk-ant-abc_DEF-123456 and Bearer zzz") == "bad key [key] and Bearer [key]"
    )
    body = '{"error": {"message": "key hunter2 is wrong"}}'
    assert "hunter2" not in failure_of_status(401, {}, body, "host", "hunter2").sentence


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "900"}, 900), ({"retry-after-ms": "250"}, 0.25), ({}, None),
        ({"retry-after": "soon"}, None), ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, 0), ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)  # fmt: skip
def test_waits_that_servers_ask_for(headers, seconds):
    assert retry_after(headers) == seconds


# What a server can do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("can", "route", "form"),
    [
        (Abilities(), Route.MESSAGES, AnswerForm.SCHEMA),  # vLLM, LiteLLM
        # llama.cpp
        (Abilities(schema_routes=("chat",), tools=False), Route.CHAT, AnswerForm.SCHEMA),
        (Abilities(schema_routes=(), routes=("messages",)), Route.MESSAGES, AnswerForm.TOOL),
        (Abilities(schema_routes=(), tools=False), Route.MESSAGES, AnswerForm.TEXT),
        (Abilities(routes=("chat",)), Route.CHAT, AnswerForm.SCHEMA),
        (Abilities(schema_routes=(), tools=False, routes=("chat",)), Route.CHAT, AnswerForm.TEXT),
    ],
)  # fmt: skip
def test_the_strictest_form_that_works_is_found_and_used(can, route, form):
    with running(can=can) as (server, session):
        assert (session.profile.route, session.profile.form) == (route, form)
        assert session.profile.images
        (outcome,), _ = finish(session.ask([question()]))
        assert outcome.problems == ()
        assert outcome.answer.candidate("ear_L") == right_number("ear_L")
        assert ("chat" in server.calls[-1].path) == (route is Route.CHAT)


@pytest.mark.parametrize("coordinates", list(Coordinates))
def test_the_convention_of_boxes_is_found_and_used(coordinates):
    with running(can=Abilities(coordinates=coordinates)) as (_, session):
        assert session.profile.coordinates is coordinates
        x, y = TRUTH.position(0, "cam0")[:2].mean(0)
        facts = RegionsFacts(
            session="sample", frame=0, camera="cam0", regions=["ears"],
            image={"width": 600, "height": 420, "origin": [x - 300, y - 210], "scale": 1.0},
        )  # fmt: skip
        asked = Question(facts, "Find regions.", (png(),), "test-1")
        (outcome,), _ = finish(session.ask([asked]))
        x0, y0, x1, y1 = outcome.answer.regions[0].box
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((300, 210), abs=2)


@pytest.mark.parametrize("routes", [("messages", "chat"), ("chat",)])
def test_a_model_that_sees_nothing_is_noticed(routes):
    with running(can=Abilities(images=False, routes=routes)) as (_, session):
        assert not session.profile.images
        assert "does not see pictures" in session.profile.sentence
        assert session.profile.form is AnswerForm.SCHEMA


def test_a_server_is_probed_once_and_remembered():
    store = AnswerStore()
    with SimulatedServer(TRUTH) as server:
        settings = Settings(base_url=server.url, model="simulated", policy=QUICK)
        for _ in range(2):
            with ModelSession(settings, store) as session:
                profile = session.profile
        assert len(server.calls) == 2
        assert Profile.from_json(profile.to_json()) == profile
        assert "keeps answers to a JSON schema" in profile.sentence


def test_the_only_model_of_a_server_needs_no_name():
    with running(model=None) as (_, session):
        assert session.asker.model == "simulated"
    with (
        SimulatedServer(TRUTH, can=Abilities(models=("a", "b"))) as server,
        pytest.raises(VLMError, match="it has a, b"),
    ):
        ModelSession(Settings(base_url=server.url), AnswerStore())


def test_servers_that_are_none():
    with pytest.raises(VLMError, match="cannot be reached"):
        ModelSession(Settings(base_url="http://127.0.0.1:9", model="m"), AnswerStore())
    can = Abilities(routes=())
    with (
        SimulatedServer(TRUTH, can=can) as server,
        pytest.raises(VLMError, match="no usable answer"),
    ):
        ModelSession(Settings(base_url=server.url, model="m"), AnswerStore())


def test_claude_needs_no_probe():
    claude = known_profile(endpoint(None, "claude-sonnet-5-5", environ=KEY))
    assert claude.batches
    assert claude.limits.long_edge == 2576
    older = known_profile(endpoint(None, "claude-haiku-4-5", environ=KEY))
    assert older.limits.long_edge == 1568
    assert known_profile(endpoint("http://localhost:1", "claude-sonnet-5-5", environ={})) is None
