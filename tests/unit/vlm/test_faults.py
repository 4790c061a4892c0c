"""Every fault of a server and of its answers, over real HTTP."""

import threading
import time

import pytest
from simulated_vlm import Fault
from tests.unit.vlm.asking import QUICK, SYSTEM, finish, question, right_number, running

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.endpoint import Route
from napari_behaviorvlm.vlm.patience import RetryPolicy

ROUTES = [Route.MESSAGES, Route.CHAT]


def ask_one(session, **more):
    (outcome,), said = finish(session.ask([question(**more)]))
    return outcome, " ".join(progress.message for progress in said)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "fault",
    [
        Fault("rate_limit", 2, retry_after=900), Fault("rate_limit"), Fault("overloaded", 3),
        Fault("server_error", 2), Fault("reset"), Fault("html"),
    ],
    ids=lambda fault: fault.kind,
)  # fmt: skip
def test_troubles_on_the_way_pass(fault, route):
    with running(route=route) as (server, session):
        server.fail(fault)
        outcome, _ = ask_one(session)
        assert outcome.answer.candidate("ear_R") == right_number("ear_R")
        assert outcome.problems == ()
        assert [call.fault for call in server.calls] == [fault.kind] * fault.times + [None]


def test_a_long_retry_after_is_capped_and_told():
    slow = RetryPolicy(first_wait=0.01, longest_wait=0.6, patience=5)
    with running(policy=slow) as (server, session):
        server.fail(Fault("rate_limit", retry_after=900))
        began = time.monotonic()
        outcome, said = ask_one(session)
        assert 0.5 < time.monotonic() - began < 3
        assert outcome.answer is not None
        assert "it asks for 15 min" in said
        assert "Trying again in 0.6 s" in said
        assert session.notice == ""  # the trouble is over


def test_patience_ends_and_says_what_the_server_asks_for():
    with running() as (server, session):
        server.fail(Fault("rate_limit", 100, retry_after=900))
        with pytest.raises(VLMError, match="gave up after waiting .* asks for 15 min"):
            ask_one(session)
        assert len(server.calls) < 100


@pytest.mark.parametrize("route", ROUTES)
def test_a_hanging_server_is_noticed(route):
    with running(route=route, timeout=0.3) as (server, session):
        server.fail(Fault("hang"))
        outcome, said = ask_one(session)
        assert outcome.answer is not None
        assert "did not answer within" in said


def test_a_hanging_server_can_be_left_at_once():
    with running(timeout=60) as (server, session):
        server.fail(Fault("hang"))
        asking = session.ask([question()])
        next(asking)
        began = time.monotonic()
        asking.close()
        session.close()
        assert time.monotonic() - began < 2
        # The server may have answered: the call stays noted as perhaps billed.
        assert session.store.spending().uncertain_calls == 1


def test_a_wait_can_be_left_at_once_and_nothing_is_doubtful():
    waits = RetryPolicy(longest_wait=60)
    with running(policy=waits) as (server, session):
        server.fail(Fault("rate_limit", retry_after=60))
        asking = session.ask([question()])
        while "limits the rate" not in next(asking).message:
            pass
        asking.close()
        session.close()
        assert session.store.spending().uncertain_calls == 0


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_that_is_gone_for_a_while(route):
    with running(route=route) as (server, session):
        server.go_away()
        threading.Timer(0.4, server.come_back).start()
        outcome, said = ask_one(session)
        assert outcome.answer is not None
        assert "cannot be reached" in said


def test_a_server_that_stays_gone():
    with running() as (server, session):
        server.go_away()
        with pytest.raises(VLMError, match="cannot be reached.*gave up.*are kept"):
            ask_one(session)
        assert session.store.spending().uncertain_calls == 0


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("key", "does not accept the key"), ("not_found", "knows no such model")],
)
def test_hopeless_troubles_stop_everything_at_once(kind, sentence):
    with running(concurrency=1) as (server, session):
        server.fail(Fault(kind, 50))
        with pytest.raises(VLMError, match=sentence) as caught:
            finish(session.ask([question(frame=f) for f in range(20)]))
        assert len(server.calls) <= 2
        assert "sk-ant" not in str(caught.value)  # though the server repeated it


def test_one_refused_request_does_not_stop_the_others():
    with running(concurrency=1) as (server, session):
        server.fail(Fault("too_large"))
        outcomes, _ = finish(session.ask([question(frame=f) for f in range(3)]))
        assert outcomes[0].answer is None
        assert "too large" in outcomes[0].failure
        assert all(outcome.answer is not None for outcome in outcomes[1:])


def test_three_refusals_and_no_answer_stop_everything():
    with running(concurrency=1) as (server, session):
        server.fail(Fault("bad_request", 50))
        with pytest.raises(VLMError, match="refuses the request"):
            finish(session.ask([question(frame=f) for f in range(20)]))
        assert len(server.calls) <= 4


# Answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", ["thinking", "fenced"])
def test_thinking_and_fences_do_not_matter(kind, route):
    with running(route=route) as (server, session):
        server.fail(Fault(kind))
        outcome, _ = ask_one(session)
        assert outcome.problems == ()
        assert outcome.answer.candidate("ear_L") == right_number("ear_L")
        assert len(server.calls) == 1


BAD = {
    "empty": "empty", "null_content": "empty", "truncated": "truncated", "cut": "truncated",
    "prose": "no_json", "wrong_shape": "wrong_shape", "unknown_number": "unknown_number",
    "twice": "candidate_twice", "confidence": "confidence", "missing": "missing",
    "unknown_keypoint": "unknown_keypoint",
}  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_is_repaired(kind, route):
    with running(route=route) as (server, session):
        server.fail(Fault(kind))
        outcome, _ = ask_one(session)
        assert outcome.problems == ()
        assert outcome.answer.candidate("ear_L") == right_number("ear_L")
        assert len(server.calls) == len(outcome.exchanges) == 2
        texts = [part.get("text", "") for part in server.calls[1].body["messages"][-1]["content"]]
        assert texts[-1].startswith("```json")  # facts stay the last block


@pytest.mark.parametrize("kind", BAD)
def test_after_two_repairs_the_item_has_no_answer(kind):
    with running() as (server, session):
        server.fail(Fault(kind, 50))
        outcome, _ = ask_one(session, keypoints=("ear_L", "ear_R", "tail_tip"))
        assert len(server.calls) == 3
        assert BAD[kind] in {problem.code for problem in outcome.problems}
        if outcome.answer is None:
            return
        sound = {"unknown_number": 2, "twice": 1, "confidence": 3, "missing": 2,
                 "unknown_keypoint": 2}  # fmt: skip
        assert len(outcome.answer.assignments) == sound[kind]
        for item in outcome.answer.assignments:
            assert item.candidate == right_number(item.keypoint)


def test_a_refusal_is_not_argued_with():
    with running() as (server, session):
        server.fail(Fault("refusal"))
        outcome, _ = ask_one(session)
        assert outcome.answer is None
        assert [problem.code for problem in outcome.problems] == ["refused"]
        assert len(server.calls) == 1


def test_an_answer_cut_off_at_the_limit_gets_more_room():
    with running() as (server, session):
        server.fail(Fault("truncated"))
        ask_one(session, max_tokens=500)
        first, second = (call.body for call in server.calls)
        assert second["max_tokens"] == 1000
        assert second["messages"] == first["messages"]


def test_requests_carry_what_the_contract_says():
    with running() as (server, session):
        ask_one(session)
        body = server.calls[0].body
        assert body["system"] == SYSTEM
        assert body["output_config"]["format"]["type"] == "json_schema"
        assert body["messages"][0]["content"][-1]["text"].startswith('```json\n{"task": "assign"')
        assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"
        assert server.calls[0].headers["authorization"] == "Bearer none"
    assert QUICK.longest_wait < 1
