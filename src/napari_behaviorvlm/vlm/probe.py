"""Finding out what a server can do, with three tiny questions at most per route.

A bright rectangle is asked for in plain words, while a schema demands JSON: whoever answers in JSON
is held to the schema by the server. Then it is asked for properly, which tells the convention in
which the model counts. The questions end with facts like all others, of a session named "probe".
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.answers import RegionsAnswer, answer_schema
from napari_behaviorvlm.vlm.client import Client
from napari_behaviorvlm.vlm.coordinates import BOX_WORDS, Coordinates, box_to_pixels
from napari_behaviorvlm.vlm.endpoint import Endpoint, Route
from napari_behaviorvlm.vlm.facts import ImageFacts, RegionsFacts, facts_block
from napari_behaviorvlm.vlm.failures import CallError, Trouble
from napari_behaviorvlm.vlm.parsing import parse_answer
from napari_behaviorvlm.vlm.patience import RetryPolicy
from napari_behaviorvlm.vlm.profile import (
    Profile,
    ability,
    claude_limits,
    guessed_coordinates,
)
from napari_behaviorvlm.vlm.request import AnswerForm, Image, Part, Reply, Request, Text, Turn
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, ImageLimits

SESSION = "probe"
"""Name of the recording in the facts of a probe: there is none of it."""

REGION = "rectangle"
WIDTH, HEIGHT = 448, 280
BOX = (266.0, 70.0, 392.0, 154.0)
"""Where the rectangle of the probe lies: right of the middle, so that no convention fits another.
"""

ROOM = 512
"""Tokens of an answer at most: small models ramble, and those that think first need some."""

_BEGINNING = re.compile(r'\s*\{\s*"regions"\s*:\s*\[')
_SYSTEM = "You describe pictures."
_PLAINLY = (
    "Where is the white rectangle? Answer in plain words, in one short sentence, not in JSON."
)
_TRIES = 3
_PASSING = (Trouble.RATE, Trouble.OVERLOADED, Trouble.SERVER, Trouble.BROKEN)
"""Tried again: what a busy moment says must not be taken for what a server can do."""

_REFUSED = (Trouble.BAD_REQUEST, Trouble.TOO_LARGE, Trouble.SERVER, Trouble.NOT_FOUND)
_STUMBLED = (Trouble.BAD_REQUEST, Trouble.TOO_LARGE, Trouble.SERVER, Trouble.BROKEN)
"""A server that speaks the route, but cannot answer about a picture of no session."""

_FINAL = (Trouble.KEY, Trouble.BILLING, Trouble.UNREACHABLE)

STUMBLED = "It did not answer the questions that find out what it can do."


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
        no difference. A server that refuses all these questions gets the real ones all the same,
        in the form that asks least of it; its profile has the note `STUMBLED`.

    Raises
    ------
    VLMError
        If no route answers; the sentence says what was wrong.
    """
    best: Profile | None = None
    failures: dict[Route, CallError] = {}
    for each in (Route.MESSAGES, Route.CHAT) if route is None else (route,):
        client = _Insisting(open_client(each), policy or RetryPolicy())
        try:
            found = await probe_route(client, each)
        except CallError as error:
            if error.trouble in _FINAL:
                raise VLMError(error.sentence) from error
            failures[each] = error
            continue
        if found.form is AnswerForm.SCHEMA:
            return found
        if best is None or _rank(found) < _rank(best):
            best = found
    if best is not None:
        return best
    for each, failure in failures.items():
        if failure.trouble in _STUMBLED:
            return _unknown(each, endpoint)
    failure = next(iter(failures.values()))
    raise VLMError(f"{endpoint.server} gave no usable answer. {failure.sentence}")


def _unknown(route: Route, endpoint: Endpoint) -> Profile:
    coordinates = guessed_coordinates(endpoint.model)
    return Profile(
        route, AnswerForm.TEXT, coordinates=coordinates, limits=_limits(endpoint.model),
        extras=False, notes=(STUMBLED,),
    )  # fmt: skip


@dataclass
class _Insisting:
    """A client that tries again a few times; a `Client`."""

    client: Client
    policy: RetryPolicy
    tries: int = field(default=_TRIES, init=False)

    def __post_init__(self) -> None:
        self.endpoint = self.client.endpoint

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        for attempt in range(1, self.tries):
            try:
                return await self.client.send(request, form)
            except CallError as error:
                if error.trouble not in _PASSING:
                    raise
                await asyncio.sleep(self.policy.wait(attempt, error.retry_after))
        try:
            return await self.client.send(request, form)
        except CallError:
            self.tries = 1  # it is no busy moment
            raise

    async def describe(self) -> dict[str, object] | None:
        try:
            return await self.client.describe()
        except CallError as error:
            if error.trouble in _FINAL:
                raise
            return None  # a courtesy that servers need not have

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
    form, images, extras = await _answer_form(client)
    coordinates, note = await _coordinates(client, form) if images else (Coordinates.PIXELS, "")
    return Profile(
        route, form, images, coordinates, _limits(client.endpoint.model),
        batches=ability(told, "batch", False), extras=extras,
        notes=(note,) if note else (),
    )  # fmt: skip


async def _answer_form(client: Client) -> tuple[AnswerForm, bool, bool]:
    """Strictest form that works, whether pictures are taken, and whether extras."""
    marked = replace(picture(), breakpoint=True)
    variants = {  # pictures, extras: from all that is wished for to the least
        (True, True): replace(_request(client, _PLAINLY, marked), steady=True),
        (True, False): _request(client, _PLAINLY, picture()),
        (False, False): _request(client, _PLAINLY),
    }
    for form in (AnswerForm.SCHEMA, AnswerForm.TOOL):
        taken, reply = await _first_taken(client, variants, form)
        if reply is not None and _is_held(reply):
            return form, *taken
        if reply is not None:
            variants = {taken: variants[taken]}  # what was found out is not asked again
    plain = {wishes: replace(request, schema=None) for wishes, request in variants.items()}
    if len(plain) == 1:
        return AnswerForm.TEXT, *next(iter(plain))
    taken, reply = await _first_taken(client, plain, AnswerForm.TEXT)
    if reply is None:
        await client.send(plain[taken], AnswerForm.TEXT)  # fails, and says why
    return AnswerForm.TEXT, *taken


async def _first_taken(
    client: Client, variants: dict[tuple[bool, bool], Request], form: AnswerForm
) -> tuple[tuple[bool, bool], Reply | None]:
    """First of some requests that the server does not refuse, with its reply."""
    for wishes, request in variants.items():
        reply = await _try(client, request, form)
        if reply is not None:
            return wishes, reply
    return wishes, None


def _request(client: Client, words: str, *shown: Image) -> Request:
    facts = RegionsFacts(
        session=SESSION, frame=0, camera=SESSION, regions=[REGION],
        image=ImageFacts(width=WIDTH, height=HEIGHT, origin=(0.0, 0.0), scale=1.0),
    )  # fmt: skip
    parts: tuple[Part, ...] = (*shown, Text(words), Text(facts_block(facts)))
    schema = answer_schema(facts, guessed_coordinates(client.endpoint.model))
    return Request(client.endpoint.model, _SYSTEM, (Turn("user", parts),), schema, ROOM, SESSION)


async def _try(client: Client, request: Request, form: AnswerForm) -> Reply | None:
    """Reply, None where the server refuses the request as such."""
    try:
        return await client.send(request, form)
    except CallError as error:
        if error.trouble in _REFUSED:
            return None
        raise


def _is_held(reply: Reply) -> bool:
    """Whether an answer has the form of the schema; it need not be whole: small models go on."""
    if reply.value is not None:
        return "regions" in reply.value
    return _box(reply) is not None or _BEGINNING.match(reply.text) is not None


def _box(reply: Reply) -> list[float] | None:
    """Box of the rectangle as the model gave it."""
    value = reply.value if reply.value is not None else parse_answer(reply.text, "regions").value
    try:
        found = RegionsAnswer.model_validate(value).regions
    except ValueError:
        return None
    boxes = [item.box for item in found if item.box is not None and len(item.box) == 4]
    return boxes[0] if boxes else None


async def _coordinates(client: Client, form: AnswerForm) -> tuple[Coordinates, str]:
    guess = guessed_coordinates(client.endpoint.model)
    words = f"The picture to solve. Give the box of the white rectangle: {BOX_WORDS[guess]}."
    reply = await _try(client, _request(client, words, picture()), form)
    box = None if reply is None else _box(reply)
    if box is None:
        return guess, "It did not say where a rectangle was: how it counts in pictures is a guess."
    overlaps = {
        each: _overlap(box_to_pixels(box, each, WIDTH, HEIGHT), BOX) for each in Coordinates
    }
    best = max(overlaps, key=lambda each: overlaps[each])
    if overlaps[best] < 0.3:
        return guess, "It could not find a bright rectangle: do not trust its boxes."
    return best, ""


def _overlap(a: list[float], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = abs((a[2] - a[0]) * (a[3] - a[1])) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared) if areas > shared else 0.0


def picture() -> Image:
    """Return the picture of the probe: a white rectangle on a dark ground."""
    drawn = np.full((HEIGHT, WIDTH), 30, np.uint8)
    x0, y0, x1, y1 = map(int, BOX)
    drawn[y0 : y1 + 1, x0 : x1 + 1] = 255
    _, data = cv2.imencode(".png", drawn)
    return Image(data.tobytes(), WIDTH, HEIGHT)


def _limits(model: str) -> ImageLimits:
    return claude_limits(model) if "claude" in model else SMALL_LIMITS
