"""Money: estimates, prices, budgets, kept answers."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from simulated_vlm import Abilities, Fault, SimulatedServer
from tests.unit.vlm.asking import TRUTH, finish, question, running

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.cost import FREE, Budget, Price, price_of
from napari_behaviorvlm.vlm.endpoint import Endpoint
from napari_behaviorvlm.vlm.failures import BudgetError
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.tokens import (
    SMALL_LIMITS,
    ImageLimits,
    answer_tokens,
    image_tokens,
    request_tokens,
)

ROOT = Path(__file__).parents[3]
DEAR = Price(3.0, 15.0, 0.3, 3.75)


# Tokens and prices ---------------------------------------------------------------------------


def test_pictures_are_counted_by_the_documented_formula():
    # Figures of Anthropic's documentation: six views of 640x480 and of 1280x1024.
    assert 6 * image_tokens(640, 480) == 2484
    assert 6 * image_tokens(1280, 1024) == 10_212
    assert image_tokens(28, 28) == 1
    assert image_tokens(29, 28) == 2


@pytest.mark.parametrize("limits", [ImageLimits(), SMALL_LIMITS])
@pytest.mark.parametrize("size", [(1024, 1024), (4000, 500), (6000, 6000), (10, 9000), (64, 48)])
def test_pictures_are_shrunk_to_the_limits_and_not_more(limits, size):
    scale = limits.scale(*size)
    width, height = (round(side * scale) for side in size)
    assert max(width, height) <= limits.long_edge
    assert image_tokens(width, height) <= limits.tokens
    if scale < 1:
        wider = [round(side * scale * 1.05) for side in size]
        assert max(wider) > limits.long_edge or image_tokens(*wider) > limits.tokens
    assert ImageLimits().scale(2500, 100, n_images=21) == pytest.approx(2000 / 2500)


def test_prices_come_from_the_offline_tables():
    claude = price_of(Endpoint("https://api.anthropic.com", "claude-haiku-4-5"))
    assert (claude.input, claude.output) == (1.0, 5.0)
    assert claude.cache_read == pytest.approx(0.1)
    assert claude.cache_write == pytest.approx(1.25)
    assert price_of(Endpoint("https://api.anthropic.com", "nonsense")) is None
    assert price_of(Endpoint("http://127.0.0.1:8000", "claude-haiku-4-5")) == FREE
    assert price_of(Endpoint("http://192.168.1.7:8000", "anything")) == FREE
    assert claude.of(Usage(1_000_000, 100_000)) == pytest.approx(1.5)
    assert claude.of(Usage(1_000_000, 100_000), batch=True) == pytest.approx(0.75)
    assert claude.of(Usage(0, 0, 1_000_000, 1_000_000)) == pytest.approx(1.35)


def test_the_estimate_is_near_what_the_server_counts():
    with running(price=DEAR) as (server, session):
        asked = [question(frame=f, keypoints=TRUTH.skeleton.keypoints) for f in range(20, 30)]
        requests = [each.request("simulated", session.profile) for each in asked]
        outcomes, _ = finish(session.ask(asked))
        counted_in = sum(call.usage[0] for call in server.calls)
        counted_out = sum(call.usage[1] for call in server.calls)
        assert sum(map(request_tokens, requests)) == pytest.approx(counted_in, rel=0.15)
        expected = sum(answer_tokens(each.facts) for each in asked)
        assert expected == pytest.approx(counted_out, rel=0.1)
        paid = sum(outcome.cost for outcome in outcomes)
        assert paid == pytest.approx((counted_in * 3 + counted_out * 15) / 1e6)


# Budget --------------------------------------------------------------------------------------


def test_a_budget_is_never_passed():
    budget = Budget(1.0)
    budget.reserve(0.6)
    with pytest.raises(BudgetError, match="budget of 1.00 USD is used up"):
        budget.reserve(0.5)
    budget.settle(0.6, 0.1)
    budget.reserve(0.9)
    budget.settle(0.9, 0.9)
    assert budget.spent == pytest.approx(1.0)
    with pytest.raises(BudgetError):
        budget.reserve(0.01)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_asking_stops_before_the_budget_is_passed(concurrency):
    with running(price=DEAR, budget=0.05, concurrency=concurrency) as (server, session):
        before = session.store.spending()  # finding out what the server can do
        questions = [question(frame=f, max_tokens=1000) for f in range(60)]
        answered = []
        with pytest.raises(BudgetError, match="Answers so far are kept"):
            finish(session.ask(questions, on_answer=lambda at, _: answered.append(at)))
        spent = sum((a * 3 + b * 15) / 1e6 for a, b in (c.usage for c in server.calls))
        spent += before.cost
        assert 0 < before.cost < 0.01
        assert 0.03 < spent <= 0.05
        assert session.budget.spent == pytest.approx(spent)
        assert session.store.spending().cost == pytest.approx(spent)
        # What was paid was also handed over.
        assert len(answered) == len(server.answered)
        assert len(answered) == session.store.spending().calls - before.calls


def test_a_call_that_may_have_been_billed_counts_in_full():
    with running(price=DEAR, budget=1.0) as (server, session):
        server.fail(Fault("reset"))
        before = session.budget.spent
        (outcome,), _ = finish(session.ask([question()]))
        spending = session.store.spending()
        assert spending.uncertain_calls == 1
        assert spending.uncertain_cost > outcome.cost
        paid = session.budget.spent - before
        assert paid == pytest.approx(outcome.cost + spending.uncertain_cost)
        assert session.budget.reserved == 0


def test_a_budget_needs_a_price():
    with SimulatedServer(TRUTH) as server:
        from napari_behaviorvlm.vlm.asker import Asker
        from napari_behaviorvlm.vlm.messages_route import MessagesClient
        from napari_behaviorvlm.vlm.patience import Patience
        from napari_behaviorvlm.vlm.profile import Profile

        patience = Patience(MessagesClient(Endpoint(server.url, "unheard-of")))
        with pytest.raises(VLMError, match="price of unheard-of is not known"):
            Asker(patience, Profile(), AnswerStore(), Budget(1.0), None)


# Kept answers --------------------------------------------------------------------------------


def test_nothing_is_asked_twice(tmp_path):
    store = AnswerStore(tmp_path / "answers.sqlite")
    questions = [question(frame=f) for f in (0, 1, 0)]
    with running(store=store) as (server, session):
        first, _ = finish(session.ask(questions))
        assert len(server.calls) == 2  # equal questions in flight share one call
        again, _ = finish(session.ask(questions))
        assert len(server.calls) == 2
        assert [o.answer for o in again] == [o.answer for o in first]
        assert [o.calls for o in again] == [0, 0, 0]
        finish(session.ask([question(frame=0, reasons=False)]))  # another schema: another question
        assert len(server.calls) == 3


def test_every_answer_can_show_where_it_came_from(tmp_path):
    store = AnswerStore(tmp_path / "answers.sqlite")
    with running(store=store) as (server, session):
        server.fail(Fault("prose"))
        (outcome,), _ = finish(session.ask([question()]))
    store.close()
    reopened = AnswerStore(tmp_path / "answers.sqlite")
    bad, good = (reopened.exchange(number) for number in outcome.exchanges)
    assert "not sure" in bad.text
    assert "the dot at the ear_L" in good.text
    part = good.request["turns"][0]["parts"][0]
    image = reopened.image(part["image"])
    assert image.data.startswith(b"\x89PNG")
    assert image.digest == part["image"]
    assert good.usage.input > 0
    assert '"usage"' in good.raw


def test_keys_are_never_written(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", "sk-ant-verysecret-0123456789")
    store = AnswerStore(tmp_path / "answers.sqlite")
    can = Abilities(key="sk-ant-verysecret-0123456789")
    caplog.set_level("INFO")
    with running(can=can, store=store, key_env="MY_KEY") as (server, session):
        finish(session.ask([question()]))
        assert "verysecret" in server.calls[0].headers["authorization"]
        assert "verysecret" not in repr(session.asker)
        server.fail(Fault("key"))
        with pytest.raises(VLMError) as caught:
            finish(session.ask([question(frame=5)]))
        assert "sk-ant" not in str(caught.value)
    store.close()
    for file in tmp_path.iterdir():
        assert b"verysecret" not in file.read_bytes()
    assert "verysecret" not in caplog.text


def test_a_damaged_or_newer_store_is_refused(tmp_path):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"this is no database at all, not even nearly" * 100)
    with pytest.raises(VLMError, match=r"answers.sqlite .*cannot be used"):
        AnswerStore(path)
    path.unlink()
    AnswerStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(VLMError, match="newer behaviorvlm"):
        AnswerStore(path)


KILLED = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[3])
    from napari_behaviorvlm.vlm.store import AnswerStore
    from napari_behaviorvlm.vlm.session import ModelSession, Settings
    from tests_asking import finish, question
    store = AnswerStore(Path(sys.argv[2]))
    settings = Settings(base_url=sys.argv[1], model="simulated", concurrency=3)
    with ModelSession(settings, store) as session:
        finish(session.ask([question(frame=f) for f in range(40)]))
    """
)


def test_killed_in_the_middle_no_answer_is_asked_for_again(tmp_path):
    source = (Path(__file__).parent / "asking.py").read_text()
    (tmp_path / "tests_asking.py").write_text(source)
    script = tmp_path / "run.py"
    script.write_text(KILLED)
    path = tmp_path / "answers.sqlite"
    can = Abilities(latency=0.03)
    with SimulatedServer(TRUTH, can=can) as server:
        command = [sys.executable, str(script), server.url, str(path), str(ROOT)]
        process = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while len(server.answered) < 15 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        store = AnswerStore(path)
        kept = store.spending()
        assert 5 <= kept.calls < 40
        assert kept.uncertain_calls <= 3  # those on their way, no more
        store.close()
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        asked = [call.body["messages"] for call in server.answered if "facts" not in call.body]
        texts = [str(m[0]["content"][-1]["text"]) for m in asked]
        questions = [text for text in texts if '"session": "sample"' in text]
        # All forty were answered; only calls on their way when killed were made again.
        assert len(set(questions)) == 40
        assert len(questions) <= 40 + kept.uncertain_calls
