"""Message Batches of the simulated server."""

import json
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulated_vlm.abilities import Abilities
from simulated_vlm.answering import Oracle
from simulated_vlm.dialects import answer, read_messages, write_message

PREFIX = "/v1/messages/batches"


@dataclass
class Batch:
    """One batch."""

    id: str
    requests: list[dict[str, Any]]
    created: datetime
    ended: bool = False
    cancelled: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)


class Batches:
    """All batches of a server.

    Parameters
    ----------
    oracle : Oracle
    can : Abilities
    """

    def __init__(self, oracle: Oracle, can: Abilities) -> None:
        self.oracle, self.can = oracle, can
        self.batches: dict[str, Batch] = {}
        self.faults: dict[int, str] = {}
        """Place of a request in the next batch -> "errored", "invalid", "expired", "canceled" or a
        fault of the message ("truncated", "refusal", ...)."""
        self.hold = False
        """Whether batches stay in progress until `finish`."""
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Requests of all batches."""
        return sum(len(batch.requests) for batch in self.batches.values())

    def finish(self) -> None:
        """End all batches."""
        for batch in self.batches.values():
            if not batch.ended:
                self._end(batch)

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Create or cancel."""
        with self._lock:
            if path.endswith("/cancel"):
                batch = self.batches[path.split("/")[-2]]
                batch.cancelled = True
                self._end(batch)
                return 200, _written(batch)
            number = f"msgbatch_{len(self.batches) + 1}"
            batch = Batch(number, body["requests"], datetime.now(UTC))
            self.batches[number] = batch
            if not self.hold:
                self._end(batch)
            return 200, _written(batch)

    def get(self, path: str) -> tuple[int, Any]:
        """State, results or the list of all."""
        rest = path.removeprefix(PREFIX).strip("/").split("/")
        if rest == [""]:
            listed = [_written(b) for b in reversed(self.batches.values())]
            return 200, {"data": listed, "has_more": False, "first_id": None, "last_id": None}
        batch = self.batches.get(rest[0])
        if batch is None:
            error = {"type": "not_found_error", "message": "no such batch"}
            return 404, {"type": "error", "error": error}
        if rest[1:] == ["results"]:
            lines = list(batch.results)
            random.Random(1).shuffle(lines)
            return 200, "".join(json.dumps(line) + "\n" for line in lines)
        return 200, _written(batch)

    def _end(self, batch: Batch) -> None:
        for place, request in enumerate(batch.requests):
            fault = "canceled" if batch.cancelled else self.faults.get(place)
            batch.results.append({"custom_id": request["custom_id"],
                                  "result": self._result(request["params"], fault)})  # fmt: skip
        batch.ended = True
        self.faults = {}

    def _result(self, params: dict[str, Any], fault: str | None) -> dict[str, Any]:
        if fault in ("expired", "canceled"):
            return {"type": fault}
        if fault in ("errored", "invalid"):
            kind = "api_error" if fault == "errored" else "invalid_request_error"
            error = {"type": "error", "error": {"type": kind, "message": "it did not work"}}
            return {"type": "errored", "error": error}
        asked = read_messages(params)
        said = answer(asked, self.oracle, self.can, "messages", fault)
        return {"type": "succeeded", "message": write_message(asked, said)}


def _written(batch: Batch) -> dict[str, Any]:
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    for result in batch.results:
        counts[result["result"]["type"]] += 1
    if not batch.ended:
        counts["processing"] = len(batch.requests)
    return {
        "id": batch.id, "type": "message_batch",
        "processing_status": "ended" if batch.ended else "in_progress", "request_counts": counts,
        "created_at": batch.created.isoformat(), "archived_at": None,
        "expires_at": (batch.created + timedelta(days=1)).isoformat(), "cancel_initiated_at": None,
        "ended_at": batch.created.isoformat() if batch.ended else None,
        "results_url": f"{PREFIX}/{batch.id}/results" if batch.ended else None,
    }  # fmt: skip
