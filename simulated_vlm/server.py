"""The server: real HTTP on 127.0.0.1."""

import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from simulated_vlm.abilities import Abilities
from simulated_vlm.answering import Oracle
from simulated_vlm.batches import Batches
from simulated_vlm.behavior import BehaviorOracle
from simulated_vlm.dialects import (
    answer,
    read_chat,
    read_messages,
    write_completion,
    write_message,
)
from simulated_vlm.faults import STATUS, Fault
from simulated_vlm.mistakes import ErrorModel
from simulated_vlm.truth import Truth

_ROUTES = {
    "/v1/messages": ("messages", read_messages, write_message),
    "/v1/chat/completions": ("chat", read_chat, write_completion),
}


@dataclass(frozen=True)
class Call:
    """A request for an answer, as the server saw it.

    Parameters
    ----------
    path : str
    headers : dict of str to str
    body : dict
    fault : str or None
    answered : bool
        Whether a whole answer went out (and would have been billed).
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    fault: str | None
    answered: bool
    usage: tuple[int, int] = (0, 0)


class SimulatedServer:
    """A simulated VLM; a context manager that runs it.

    Parameters
    ----------
    truth : Truth
    errors : ErrorModel
    can : Abilities
    port : int
        A free one by default.
    behavior : BehaviorOracle, optional
        From which captions and merges are answered.
    """

    def __init__(
        self, truth: Truth, errors: ErrorModel | None = None, can: Abilities | None = None,
        port: int = 0, behavior: BehaviorOracle | None = None,
    ) -> None:  # fmt: skip
        self.oracle = Oracle(truth, errors or ErrorModel(), behavior)
        self.can = can or Abilities()
        self.faults: deque[Fault] = deque()
        self.calls: list[Call] = []
        self.batches = Batches(self.oracle, self.can)
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._port = port
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Address, as ``ANTHROPIC_BASE_URL`` takes it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def answered(self) -> list[Call]:
        """Calls that would have been billed."""
        return [call for call in self.calls if call.answered]

    def fail(self, *faults: Fault) -> None:
        """Let the next requests meet faults, in this order."""
        for fault in faults:
            self.faults.extend([fault] * fault.times)

    def next_fault(self) -> Fault | None:
        """Fault of the request at hand."""
        with self._lock:
            return self.faults.popleft() if self.faults else None

    def note(self, call: Call) -> None:
        """Keep a call for the test to look at."""
        with self._lock:
            self.calls.append(call)

    def go_away(self) -> None:
        """Stop listening; connections are refused from now on."""
        assert self._http is not None
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._http = None

    def come_back(self) -> None:
        """Listen on the same port again."""
        self.stopping.clear()
        self._http = _Listener(("127.0.0.1", self._port), _handler(self))
        self._port = self._http.server_port
        serve = self._http.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._http is not None:
            self.go_away()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vlm: SimulatedServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    # Answers -----------------------------------------------------------------------------------

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        path = self.path.split("?")[0]
        if not self._allowed():
            return
        if path.startswith("/v1/messages/batches") and self.vlm.can.batches:
            self._json(*self.vlm.batches.post(path, body))
        elif path in _ROUTES and _ROUTES[path][0] in self.vlm.can.routes:
            self._answer(path, body)
        else:
            self._error(404, "not_found_error", f"no such address: {path}")

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if not self._allowed():
            return
        if path == "/v1/models":
            models = [{"id": name, "type": "model"} for name in self.vlm.can.models]
            self._json(200, {"data": models, "has_more": False, "first_id": None, "last_id": None})
        elif path.startswith("/v1/messages/batches") and self.vlm.can.batches:
            self._json(*self.vlm.batches.get(path))
        elif path.startswith("/v1/models/") and path.split("/")[-1] in self.vlm.can.models:
            can = {"image_input": self.vlm.can.images, "batch": self.vlm.can.batches}
            told = {name: {"supported": value} for name, value in can.items()}
            self._json(200, {"id": path.split("/")[-1], "type": "model", "capabilities": told})
        else:
            self._error(404, "not_found_error", f"no such address: {path}")

    def _allowed(self) -> bool:
        key = self.vlm.can.key
        given = self.headers.get("x-api-key", self.headers.get("authorization", ""))
        if key is None or given.removeprefix("Bearer ") == key:
            return True
        self._error(401, "authentication_error", f"invalid x-api-key {given}")
        return False

    def _answer(self, path: str, body: dict[str, Any]) -> None:
        route, read, write = _ROUTES[path]
        fault = self.vlm.next_fault()
        kind = None if fault is None else fault.kind
        if self.vlm.can.latency:
            time.sleep(self.vlm.can.latency)
        if fault is not None and self._fails_on_the_way(path, body, fault):
            return
        asked = read(body)
        if not self.vlm.can.images and any("image" in part for part in asked.parts):
            self._note(path, body, kind)
            self._error(400, "invalid_request_error", "image input is not supported")
            return
        said = answer(asked, self.vlm.oracle, self.vlm.can, route, kind)
        message = write(asked, said)
        used = message["usage"]
        counted = used.get("input_tokens", used.get("prompt_tokens"))
        written = used.get("output_tokens", used.get("completion_tokens"))
        self._note(path, body, kind, answered=kind != "reset", usage=(counted, written))
        if kind == "reset":
            self._break_off(message)
        else:
            self._json(200, message)

    def _fails_on_the_way(self, path: str, body: dict[str, Any], fault: Fault) -> bool:
        if fault.kind == "hang":
            self._note(path, body, fault.kind)
            self.vlm.stopping.wait(60)
            self.close_connection = True
        elif fault.kind == "html":
            self._note(path, body, fault.kind)
            page = b"<!doctype html><html><body>Please log in to the hotel's network.</body></html>"
            self._send(200, page, "text/html")
        elif fault.kind in STATUS:
            self._note(path, body, fault.kind)
            after = None if fault.retry_after is None else f"{fault.retry_after:g}"
            self._error(*STATUS[fault.kind], retry_after=after)
        else:
            return False
        return True

    def _note(
        self, path: str, body: dict[str, Any], fault: str | None, *, answered: bool = False,
        usage: tuple[int, int] = (0, 0),
    ) -> None:  # fmt: skip
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.vlm.note(Call(path, headers, body, fault, answered, usage))

    # Bytes -------------------------------------------------------------------------------------

    def _error(
        self, status: int, kind: str, message: str, retry_after: str | None = None
    ) -> None:  # fmt: skip
        content = {"type": "error", "error": {"type": kind, "message": message}}
        more = {} if retry_after is None else {"retry-after": retry_after}
        self._send(status, json.dumps(content).encode(), "application/json", more)

    def _json(self, status: int, content: object) -> None:
        lines = isinstance(content, str)
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self._send(status, data, "application/binary" if lines else "application/json")

    def _send(
        self, status: int, data: bytes, kind: str, more: dict[str, str] | None = None
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)),
                            **(more or {})}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _break_off(self, message: object) -> None:
        """Send half of a body and reset the connection."""
        data = json.dumps(message).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
        self.close_connection = True


def _handler(server: SimulatedServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"vlm": server})
