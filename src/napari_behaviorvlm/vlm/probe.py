"""Finding out what a server can do, with three tiny requests at most per route.

The probe asks for plain words while a schema demands JSON: whoever answers in JSON is held to the
schema by the server. Then it shows a bright rectangle and asks for its box, which tells the
convention in which the model counts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.client import Client
from napari_behaviorvlm.vlm.coordinates import BOX_WORDS, Coordinates, box_to_pixels
from napari_behaviorvlm.vlm.endpoint import Endpoint, Route
from napari_behaviorvlm.vlm.failures import CallError, Trouble
from napari_behaviorvlm.vlm.parsing import parse_answer
from napari_behaviorvlm.vlm.patience import RetryPolicy
from napari_behaviorvlm.vlm.profile import Profile, claude_limits, guessed_coordinates
from napari_behaviorvlm.vlm.request import AnswerForm, Image, Reply, Request, Text, Turn
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, ImageLimits

WIDTH, HEIGHT = 448, 280
BOX = (266.0, 70.0, 392.0, 154.0)
"""Where the rectangle of the probe lies: right of the middle, so that no convention fits another.
"""

_SYSTEM = "You describe pictures."
_TRIES = 3
_PASSING = (Trouble.RATE, Trouble.OVERLOADED, Trouble.SERVER, Trouble.BROKEN)
"""Tried again: what a busy moment says must not be taken for what a server can do."""

_REFUSED = (Trouble.BAD_REQUEST, Trouble.TOO_LARGE, Trouble.SERVER, Trouble.NOT_FOUND)


async def probe(
    open_client: Callable[[Route], Client], endpoint: Endpoint, route: Route | None = None,
    policy: RetryPolicy | None = None,
) -> Profile:  # fmt: skip
    """Find out what a model on a server can do.

    Parameters
    ----------
    open_client : callable
        Gives the client of a route.
    endpoint : Endpoint
    route : Route, optional
        The only one to try.
    policy : RetryPolicy, optional
        How long to wait between attempts.

    Returns
    -------
    Profile
        Of the route on which the server is held to a schema; of the Messages API where that makes
        no difference.

    Raises
    ------
    VLMError
        If no route answers; the sentence says what was wrong.
    """
    best: Profile | None = None
    failure: CallError | None = None
    for each in (Route.MESSAGES, Route.CHAT) if route is None else (route,):
        try:
            client = _Insisting(open_client(each), policy or RetryPolicy())
            found = await probe_route(client, each)
        except CallError as error:
            if error.trouble in (Trouble.KEY, Trouble.BILLING, Trouble.UNREACHABLE):
                raise VLMError(error.sentence) from error
            failure = failure or error
            continue
        if found.form is AnswerForm.SCHEMA:
            return found
        if best is None or _rank(found) < _rank(best):
            best = found
    if best is None:
        assert failure is not None
        raise VLMError(f"{endpoint.server} gave no usable answer. {failure.sentence}")
    return best


@dataclass
class _Insisting:
    """A client that tries again a few times; a `Client`."""

    client: Client
    policy: RetryPolicy

    def __post_init__(self) -> None:
        self.endpoint = self.client.endpoint

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        for attempt in range(1, _TRIES):
            try:
                return await self.client.send(request, form)
            except CallError as error:
                if error.trouble not in _PASSING:
                    raise
                await asyncio.sleep(self.policy.wait(attempt, error.retry_after))
        return await self.client.send(request, form)

    async def describe(self) -> dict[str, object] | None:
        return await self.client.describe()

    async def models(self) -> list[str]:
        return await self.client.models()

    async def close(self) -> None:
        await self.client.close()


def _rank(profile: Profile) -> int:
    return list(AnswerForm).index(profile.form)


async def probe_route(client: Client, route: Route) -> Profile:
    """Find out what one route can do.

    Raises
    ------
    CallError
        If it does not answer at all.
    """
    told = await client.describe()
    form, images = await _answer_form(client)
    coordinates, note = await _coordinates(client, form) if images else (Coordinates.PIXELS, "")
    return Profile(
        route, form, images, coordinates, _limits(client.endpoint.model),
        batches=_told(told, "batch"), notes=(note,) if note else (),
    )  # fmt: skip


async def _answer_form(client: Client) -> tuple[AnswerForm, bool]:
    """Strictest form that works, and whether pictures are taken."""
    schema = {
        "type": "object", "properties": {"colour": {"type": "string"}},
        "required": ["colour"], "additionalProperties": False,
    }  # fmt: skip
    turn = Turn("user", (_picture(), Text("What do you see? Answer in one short sentence.")))
    images = True
    for form in (AnswerForm.SCHEMA, AnswerForm.TOOL):
        request = Request(client.endpoint.model, _SYSTEM, (turn,), schema, 1024)
        reply = await _try(client, request, form)
        if reply is None and images:
            # Perhaps it is the picture that it does not take.
            words = replace(request, turns=(Turn("user", turn.parts[1:]),))
            reply = await _try(client, words, form)
            images = reply is None
        if reply is not None and _object_of(reply, "colour") is not None:
            return form, images
    request = Request(client.endpoint.model, _SYSTEM, (turn if images else words.turns[0],))
    if not images or await _try(client, request, AnswerForm.TEXT) is not None:
        return AnswerForm.TEXT, images
    await client.send(replace(request, turns=(Turn("user", turn.parts[1:]),)), AnswerForm.TEXT)
    return AnswerForm.TEXT, False


async def _try(client: Client, request: Request, form: AnswerForm) -> Reply | None:
    """Reply, None where the server refuses the request as such."""
    try:
        return await client.send(request, form)
    except CallError as error:
        if error.trouble in _REFUSED:
            return None
        raise


def _object_of(reply: Reply, key: str) -> dict[str, object] | None:
    if reply.value is not None:
        return reply.value if key in reply.value else None
    return parse_answer(reply.text, key).value


async def _coordinates(client: Client, form: AnswerForm) -> tuple[Coordinates, str]:
    guess = guessed_coordinates(client.endpoint.model)
    words = f"Give the box of the white rectangle: {BOX_WORDS[guess]}."
    schema = {
        "type": "object",
        "properties": {"box": {"type": "array", "items": {"type": "number"}}},
        "required": ["box"], "additionalProperties": False,
    }  # fmt: skip
    turn = Turn("user", (_picture(), Text(words)))
    reply = await _try(client, Request(client.endpoint.model, _SYSTEM, (turn,), schema, 1024), form)
    said = None if reply is None else _object_of(reply, "box")
    box = said.get("box") if said else None
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        return guess, "It did not say where a rectangle was: how it counts in pictures is a guess."
    overlaps = {
        each: _overlap(box_to_pixels(box, each, WIDTH, HEIGHT), BOX) for each in Coordinates
    }
    best = max(overlaps, key=lambda each: overlaps[each])
    if overlaps[best] < 0.3:
        return guess, "It could not find a bright rectangle: do not trust its boxes."
    return best, ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _overlap(a: list[float], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = abs((a[2] - a[0]) * (a[3] - a[1])) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared) if areas > shared else 0.0


def _picture() -> Image:
    picture = np.full((HEIGHT, WIDTH), 30, np.uint8)
    x0, y0, x1, y1 = map(int, BOX)
    picture[y0 : y1 + 1, x0 : x1 + 1] = 255
    _, data = cv2.imencode(".png", picture)
    return Image(data.tobytes(), WIDTH, HEIGHT)


def _limits(model: str) -> ImageLimits:
    return claude_limits(model) if "claude" in model else SMALL_LIMITS


def _told(told: dict[str, object] | None, name: str) -> bool:
    abilities = (told or {}).get("capabilities")
    ability = abilities.get(name) if isinstance(abilities, dict) else None
    return bool(isinstance(ability, dict) and ability.get("supported"))
