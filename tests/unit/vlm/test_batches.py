"""Message Batches over real HTTP: hand in, leave, come back, go on."""

import pytest
from simulated_vlm import Abilities, SimulatedServer
from tests.unit.vlm.asking import QUICK, TRUTH, finish, question, right_number, running

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm import batch_calls, batches
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.vlm.failures import BudgetError
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore

PRICE = Price(3.0, 15.0, 0.3, 3.75)
QUESTIONS = [question(frame=f) for f in range(6)]


def connect(server, store, **more):
    settings = Settings(base_url=server.url, model="simulated", policy=QUICK, price=PRICE, **more)
    return ModelSession(settings, store)


def test_hand_in_leave_and_come_back(tmp_path):
    path = tmp_path / "answers.sqlite"
    with SimulatedServer(TRUTH) as server:
        server.batches.hold = True
        store = AnswerStore(path)
        with connect(server, store) as session:
            probe = store.spending()
            report = session.ask_in_batches(QUESTIONS)
            assert (report.done, report.waiting, report.handed_in) == (False, 6, 6)
            assert "run the same command again" in report.sentence
            again = session.ask_in_batches(QUESTIONS)
            assert (again.waiting, again.handed_in) == (6, 0)
        spending = store.spending()
        assert (spending.calls - probe.calls, spending.waiting_calls) == (0, 6)
        assert spending.waiting_cost > 0
        store.close()

        server.batches.finish()
        with connect(server, store := AnswerStore(path)) as session:
            report = session.ask_in_batches(QUESTIONS)
            assert report.done
            for outcome in report.outcomes:
                assert outcome.answer.candidate("ear_R") == right_number("ear_R")
            assert server.batches.requests == 6
            usage, cost = store.spending().usage, store.spending().cost
            assert cost == pytest.approx((PRICE.of(usage) + probe.cost) / 2)
            assert session.budget.spent == pytest.approx(cost)
            # Answers of batches are answers: asking live costs nothing.
            server.calls.clear()
            finish(session.ask(QUESTIONS))
            assert server.calls == []
            assert store.image(store.exchange(1).request["turns"][0]["parts"][0]["image"])


def test_failed_items_are_asked_again_and_refused_ones_not():
    with running(price=PRICE) as (server, session):
        server.batches.faults = {0: "errored", 1: "expired", 2: "canceled", 3: "invalid",
                                 4: "truncated"}  # fmt: skip
        session.ask_in_batches(QUESTIONS)
        first = session.ask_in_batches(QUESTIONS)
        # Collected: 5 and the refusal; handed in anew: 0-2, and 4 with more room.
        assert [o is not None for o in first.outcomes] == [False, False, False, True, False, True]
        assert "refuses the request: it did not work" in first.outcomes[3].failure
        assert first.handed_in == 4
        second = session.ask_in_batches(QUESTIONS)
        assert second.done
        assert second.outcomes[4].problems == ()
        assert len(second.outcomes[4].exchanges) == 2
        assert [bool(o.failure) for o in second.outcomes] == [False] * 3 + [True] + [False] * 2
        assert server.batches.requests == 6 + 4


def test_what_gets_lost_again_and_again_is_given_up():
    with running() as (server, session):
        for _ in range(batches.TRIES):
            server.batches.faults = {0: "expired"}
            report = session.ask_in_batches(QUESTIONS[:1])
        assert not report.done
        report = session.ask_in_batches(QUESTIONS[:1])
        assert "got lost in 3 batches" in report.outcomes[0].failure


@pytest.mark.parametrize("arrived", [True, False])
def test_killed_while_handing_in(arrived, monkeypatch):
    """Whether the server took the batch, the next process does not know: it looks."""
    store = AnswerStore()
    create = batches.create_batch

    async def die(*given):
        if arrived:
            await create(*given)
        raise RuntimeError("killed")

    with SimulatedServer(TRUTH) as server:
        server.batches.hold = True
        with connect(server, store) as session:
            session.ask_in_batches([question(frame=f) for f in (90, 91)])
            monkeypatch.setattr(batches, "create_batch", die)
            with pytest.raises(RuntimeError, match="killed"):
                session.ask_in_batches(QUESTIONS)
            monkeypatch.undo()
        assert len(store.rows("SELECT 1 FROM batch WHERE state='submitting'")) == 1
        assert server.batches.requests == 2 + 6 * arrived
        server.batches.hold = False
        server.batches.finish()
        with connect(server, store) as session:
            while not (report := session.ask_in_batches(QUESTIONS)).done:
                pass
        assert server.batches.requests == 2 + 6
        assert all(outcome.answer is not None for outcome in report.outcomes)


def test_budgets_hold_for_batches():
    with running(price=PRICE, budget=0.02) as (server, session):
        with pytest.raises(BudgetError):
            session.ask_in_batches([question(frame=f) for f in range(50)])
        assert server.batches.requests == 0


def test_large_sets_are_handed_in_in_parts(monkeypatch):
    monkeypatch.setattr(batches, "MOST_REQUESTS", 4)
    with running() as (server, session):
        session.ask_in_batches(QUESTIONS)
        assert [len(b.requests) for b in server.batches.batches.values()] == [4, 2]
        assert session.ask_in_batches(QUESTIONS).done


def test_batches_can_be_stopped():
    with running() as (server, session):
        server.batches.hold = True
        session.ask_in_batches(QUESTIONS)
        assert session.cancel_batches() == 1
        assert next(iter(server.batches.batches.values())).cancelled


def test_servers_without_batches_say_so():
    with (
        running(can=Abilities(batches=False)) as (_, session),
        pytest.raises(VLMError, match="takes no batches: leave --batch away"),
    ):
        session.ask_in_batches(QUESTIONS)


def test_servers_that_do_not_tell_are_tried():
    with running(can=Abilities(models=("another",))) as (server, session):
        assert not session.profile.batches
        session.ask_in_batches(QUESTIONS)
        assert server.batches.requests == len(QUESTIONS)
        assert session.ask_in_batches(QUESTIONS).done


def test_what_a_server_has_forgotten_is_handed_in_again():
    with running() as (server, session):
        server.batches.hold = True
        session.ask_in_batches(QUESTIONS)
        server.batches.batches.clear()
        server.batches.hold = False
        report = session.ask_in_batches(QUESTIONS)
        assert (report.handed_in, report.done) == (6, False)
        assert session.ask_in_batches(QUESTIONS).done


def test_results_are_fetched_from_nowhere_else():
    with running() as (server, session):
        client = session.asker.patience.client
        for told in ("https://elsewhere.org/results?x=1", "", None, 3):
            state = {"id": "b1", "results_url": told}
            assert batch_calls._results_address(client, state) == "/v1/messages/batches/b1/results"
        state = {"id": "b1", "results_url": "/v1/files/7"}
        assert batch_calls._results_address(client, state) == f"{server.url}/v1/files/7"
