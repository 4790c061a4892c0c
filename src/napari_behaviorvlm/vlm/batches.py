"""Message Batches: hand questions in, leave, come back, and go on; at half price.

Nothing of a batch lives in the process. What is handed in is written down first; the server's id is
written when it comes. If the process dies between the two, the batch is looked for on the server
before anything is handed in again.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.asker import Asker
from napari_behaviorvlm.vlm.batch_calls import (
    batch_results,
    batch_state,
    cancel_batch,
    create_batch,
    list_batches,
)
from napari_behaviorvlm.vlm.cost import BATCH_DISCOUNT
from napari_behaviorvlm.vlm.exchange import Answered, now
from napari_behaviorvlm.vlm.failures import CallError
from napari_behaviorvlm.vlm.messages_route import MessagesClient, read_message
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Request
from napari_behaviorvlm.vlm.tokens import request_tokens
from napari_behaviorvlm.vlm.trail import Trail

MOST_REQUESTS = 10_000
MOST_BYTES = 150_000_000
"""Below the server's limits (100,000 requests, 256 MB), and pleasant to transfer."""

CLOCKS = timedelta(minutes=10)
"""By how much the server's clock may be behind ours."""

NO_BATCHES = "{} takes no batches: leave --batch away."

TRIES = 3
"""Batches in which a request may get lost (expired, cancelled, server error) before it counts as
failed."""


@dataclass(frozen=True)
class BatchReport:
    """Where questions in batches stand.

    Parameters
    ----------
    outcomes : list of Outcome or None
        None where the answer is not there yet.
    waiting : int
        Questions whose request is on the server.
    handed_in : int
        Requests handed in just now.
    """

    outcomes: list[Outcome | None]
    waiting: int
    handed_in: int

    @property
    def done(self) -> bool:
        """Whether every question has its outcome."""
        return all(outcome is not None for outcome in self.outcomes)

    @property
    def sentence(self) -> str:
        """The state in words."""
        answered = sum(outcome is not None for outcome in self.outcomes)
        if self.done:
            return f"All {answered} questions are answered."
        return (
            f"{answered} of {len(self.outcomes)} questions are answered, {self.waiting} wait on "
            "the server (an hour in most cases, a day at most): run the same command again later."
        )


class BatchDesk:
    """Asks questions through batches.

    Parameters
    ----------
    asker : Asker
        Its store, price, budget and patience are used.

    Raises
    ------
    VLMError
        If the server takes no batches.
    """

    def __init__(self, asker: Asker) -> None:
        client = asker.patience.client
        if not isinstance(client, MessagesClient):
            raise VLMError(NO_BATCHES.format(client.endpoint.server))
        self.asker = asker
        self.client = client
        self.store = asker.store

    async def advance(self, questions: Sequence[Question]) -> BatchReport:
        """Collect what has come, hand in what is to be asked next.

        Raises
        ------
        BudgetError
            If what is to be handed in could pass the budget; nothing is handed in then.
        VLMError
            If the server cannot be asked.
        """
        try:
            await self._recover()
            await self._collect()
            return await self._go_on(questions)
        except CallError as error:
            # Servers need not tell whether they take batches; one that does not know the address
            # (or nothing but questions) takes none.
            unknown = error.status in (404, 405, 501) and not self.asker.profile.batches
            server = self.client.endpoint.server
            raise VLMError(NO_BATCHES.format(server) if unknown else error.sentence) from error

    async def cancel(self) -> int:
        """Stop all batches that run; returns how many. What was done is collected as ever."""
        running = self._batches("running")
        for _, remote, _ in running:
            await self.asker.patience.attempt(
                lambda remote=remote: cancel_batch(self.client, remote)  # type: ignore[misc]
            )
        return len(running)

    # Handing in --------------------------------------------------------------------------------

    async def _go_on(self, questions: Sequence[Question]) -> BatchReport:
        outcomes: list[Outcome | None] = []
        wanted: dict[str, Request] = {}
        waiting = 0
        for question in questions:
            trail = Trail.start(question, self.asker.model, self.asker.profile)
            trail.follow(self.store, self.asker.address)
            if trail.request is None:
                outcomes.append(trail.outcome())
                continue
            key = trail.request.key(self.asker.address)
            failure = self._failure(key)
            outcomes.append(trail.outcome(failure=failure) if failure else None)
            if not failure:
                waiting += 1
                if not self._is_waiting(key):
                    wanted[key] = trail.request
        for part in _parts(wanted):
            await self._hand_in(part)
        return BatchReport(outcomes, waiting, len(wanted))

    async def _hand_in(self, requests: dict[str, Request]) -> None:
        reserved = BATCH_DISCOUNT * sum(
            self.asker.most(request_tokens(each), each.max_tokens) for each in requests.values()
        )
        self.asker.budget.reserve(reserved)
        nonce = secrets.token_hex(8)
        number = self._write_down(nonce, requests, reserved)
        named = [(f"{nonce}-{place}", each) for place, each in enumerate(requests.values())]
        form = self.asker.profile.form
        try:
            remote = await self.asker.patience.attempt(
                lambda: create_batch(self.client, named, form), again_if_paid=False
            )
        except CallError as error:
            if error.maybe_paid:
                raise VLMError(
                    f"{error.sentence} Nobody knows whether it took the batch: run the same "
                    "command again, it will look."
                ) from error
            self._forget(number)
            self.asker.money_settled(reserved, 0.0)
            raise
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE batch SET remote=?, state='running' WHERE id=?", (remote, number)
            )
        # What is handed in counts as spent until the true price is known.
        self.asker.money_settled(reserved, reserved)

    def _write_down(self, nonce: str, requests: dict[str, Request], reserved: float) -> int:
        with self.store.transaction() as connection:
            made = connection.execute(
                "INSERT INTO batch (nonce, state, endpoint, model, reserved, created) "
                "VALUES (?, 'submitting', ?, ?, ?, ?)",
                (nonce, self.asker.address, self.asker.model, reserved, now()),
            )
            assert made.lastrowid is not None
            for place, (key, request) in enumerate(requests.items()):
                self.store.insert_images(connection, request.images)
                connection.execute(
                    "INSERT INTO batch_item (batch, place, key, estimate, content) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (made.lastrowid, place, key, request_tokens(request),
                     json.dumps(request.content(), ensure_ascii=False)),
                )  # fmt: skip
        return made.lastrowid

    def _abandon(self, number: int) -> None:
        with self.store.transaction() as connection:
            connection.execute("UPDATE batch SET state='abandoned' WHERE id=?", (number,))

    def _forget(self, number: int) -> None:
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM batch_item WHERE batch=?", (number,))
            connection.execute("DELETE FROM batch WHERE id=?", (number,))

    # Coming back -------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Look for batches that were handed in by a process that died before it got the id."""
        lost = self._batches("submitting")
        if not lost:
            return
        listed = await self.asker.patience.attempt(lambda: list_batches(self.client))
        known = {remote for state in ("running", "collected") for _, remote, _ in
                 self._batches(state)}  # fmt: skip
        for number, _, created in lost:
            size = self.store.rows("SELECT count(*) FROM batch_item WHERE batch=?", number)[0][0]
            found = [b["id"] for b in listed
                     if b.get("id") not in known and _may_be(b, size, created)]  # fmt: skip
            if found:
                known.add(found[-1])
            with self.store.transaction() as connection:
                connection.execute(
                    "UPDATE batch SET remote=?, state=? WHERE id=?",
                    (found[-1] if found else None, "running" if found else "abandoned", number),
                )

    async def _collect(self) -> None:
        for number, remote, _ in self._batches("running"):
            try:
                state = await self.asker.patience.attempt(
                    lambda remote=remote: batch_state(self.client, remote)  # type: ignore[misc]
                )
            except CallError as error:
                if error.status != 404:
                    raise
                self._abandon(number)  # the server has forgotten it: its items are asked again
                continue
            if state.get("processing_status") != "ended":
                continue
            results = await self.asker.patience.attempt(
                lambda state=state: batch_results(self.client, state)  # type: ignore[misc]
            )
            self._keep(number, remote, {str(each.get("custom_id")): each for each in results})

    def _keep(self, number: int, remote: str, results: dict[str, dict[str, Any]]) -> None:
        """Keep all answers of a batch, all of them or none."""
        row = self.store.rows("SELECT nonce, reserved FROM batch WHERE id=?", number)[0]
        nonce, reserved = row
        if results and not any(name.startswith(nonce) for name in results):
            self._abandon(number)  # found on the server, but it was somebody else's
            return
        items = self.store.rows(
            "SELECT place, key, estimate, content FROM batch_item WHERE batch=?", number
        )
        spent = 0.0
        with self.store.transaction() as connection:
            for place, key, estimate, content in items:
                result = _result(results.get(f"{nonce}-{place}"))
                outcome, message = "lost", str(result.get("type", "no result"))
                if result.get("type") == "succeeded":
                    try:
                        answered = self._answered(
                            key, json.loads(content), estimate, result, remote
                        )
                    except CallError as error:  # a message that is none
                        message = error.sentence
                    else:
                        outcome, message = "answered", ""
                        self.store.insert(connection, answered)
                        spent += answered.cost or 0.0
                elif result.get("type") == "errored":
                    outcome, message = _errored(result)
                connection.execute(
                    "UPDATE batch_item SET outcome=?, message=? WHERE batch=? AND place=?",
                    (outcome, message, number, place),
                )
            connection.execute("UPDATE batch SET state='collected' WHERE id=?", (number,))
        self.asker.budget.spent += spent - reserved  # which counted as spent until now

    def _answered(
        self, key: str, content: dict[str, Any], estimate: int, result: dict[str, Any], remote: str
    ) -> Answered:  # fmt: skip
        reply = read_message(json.dumps(result.get("message")), self.client.endpoint.server)
        price = self.asker.price
        cost = None if price is None else price.of(reply.usage, batch=True)
        return Answered(
            key, self.asker.address, self.asker.model, content, (), reply.text, reply.value,
            reply.stop, reply.usage, reply.raw, estimate, cost, remote,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------

    def _batches(self, state: str) -> list[tuple[int, str, str]]:
        rows = self.store.rows(
            "SELECT id, remote, created FROM batch WHERE state=? AND endpoint=? ORDER BY id",
            state, self.asker.address,
        )  # fmt: skip
        return [(number, str(remote), created) for number, remote, created in rows]

    def _is_waiting(self, key: str) -> bool:
        return bool(self.store.rows(
            "SELECT 1 FROM batch_item JOIN batch ON batch.id = batch "
            "WHERE key=? AND state IN ('submitting', 'running') LIMIT 1", key))  # fmt: skip

    def _failure(self, key: str) -> str:
        """Why a request will not be handed in again; empty if it will."""
        rows = self.store.rows(
            "SELECT outcome, message FROM batch_item JOIN batch ON batch.id = batch "
            "WHERE key=? AND state='collected' ORDER BY batch", key)  # fmt: skip
        refused = [message for outcome, message in rows if outcome == "refused"]
        if refused:
            return f"{self.client.endpoint.server} refuses the request: {refused[-1]}."
        if len(rows) >= TRIES and not self._is_waiting(key):
            return f"The request got lost in {len(rows)} batches ({rows[-1][1]})."
        return ""


def _result(line: dict[str, Any] | None) -> dict[str, Any]:
    result = (line or {}).get("result")
    return result if isinstance(result, dict) else {}


def _errored(result: dict[str, Any]) -> tuple[str, str]:
    error = result.get("error", {})
    error = error.get("error", error) if isinstance(error, dict) else {}
    kind, message = str(error.get("type", "")), str(error.get("message", ""))
    fault_of_ours = kind in ("invalid_request_error", "request_too_large")
    return ("refused" if fault_of_ours else "lost"), message or kind


def _may_be(batch: dict[str, Any], size: int, created: str) -> bool:
    """Whether a batch on the server may be one that was written down here."""
    counts = batch.get("request_counts")
    total = sum(v for v in counts.values() if isinstance(v, int)) if counts else -1
    try:
        at = datetime.fromisoformat(str(batch.get("created_at")))
    except ValueError:
        return False
    return (
        total == size and at.tzinfo is not None and at >= datetime.fromisoformat(created) - CLOCKS
    )


def _parts(requests: dict[str, Request]) -> list[dict[str, Request]]:
    """Parts small enough for a batch each."""
    parts: list[dict[str, Request]] = []
    size = 0
    for key, request in requests.items():
        grown = sum(len(i.data) * 4 // 3 for i in request.images) + sum(map(len, request.texts))
        if not parts or len(parts[-1]) >= MOST_REQUESTS or size + grown > MOST_BYTES:
            parts.append({})
            size = 0
        parts[-1][key] = request
        size += grown
    return parts
