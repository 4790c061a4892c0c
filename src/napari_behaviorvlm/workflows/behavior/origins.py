"""Where the words of a clip come from, and asking a model about a single clip again."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from napari_behaviorvlm.behavior.captions.measured import measure
from napari_behaviorvlm.behavior.captions.measures import ClipMeasures
from napari_behaviorvlm.behavior.captions.questions import caption_of
from napari_behaviorvlm.behavior.captions.sentences import kinematics
from napari_behaviorvlm.behavior.captions.strips import draw_strip, frames_shown
from napari_behaviorvlm.behavior.captions.vocabulary import read_vocabulary
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import BehaviorVLMError, TableError, VLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.vlm.exchange import Exchange
from napari_behaviorvlm.vlm.facts import CaptionFacts, read_facts
from napari_behaviorvlm.vlm.request import Text
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.asking import ANSWERS, answer_store, open_model, require_sight
from napari_behaviorvlm.workflows.behavior.captioning import CaptionRequest, clip_question
from napari_behaviorvlm.workflows.behavior.results import (
    energy_of,
    pictures_of,
    poses_of,
    unit_of,
)
from napari_behaviorvlm.workflows.behavior.segmenting import read_bodies, read_clips


@dataclass(frozen=True, eq=False)
class Origin:
    """All that the words of a clip rest on.

    Parameters
    ----------
    clip : int
    caption : Caption or None
        None where it has none yet.
    strip, overview : bytes
        Encoded pictures of its frames and of the scene; empty where there is no video.
    sent : bool
        Whether a model saw exactly these pictures; else they are what it would see.
    numbers : mapping of str to float
        Measured kinematics, by name and unit.
    model, when, answer : str
        Of the exchange with a model; empty where none was asked. ``when`` is ISO 8601, UTC.
    cost : float or None
        USD.
    problem : str
        Why there are no pictures, in one sentence; empty if there are.
    """

    clip: int
    caption: Caption | None
    strip: bytes = b""
    overview: bytes = b""
    sent: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    when: str = ""
    answer: str = ""
    cost: float | None = None
    problem: str = ""


def origin_of(
    folder: BehaviorFolder, recording: Recording, clip: int, measured: list[ClipMeasures]
) -> Origin:
    """Find out where the words of a clip come from.

    Parameters
    ----------
    folder : BehaviorFolder
    recording : Recording
    clip : int
    measured : list of ClipMeasures
        Of the recording; filled here when it is first needed.

    Raises
    ------
    TableError
        If there is no such clip.
    """
    caption = folder.store.captions(recording.name, (clip,)).get(clip)
    if caption is not None and caption.exchange and (folder.folder / ANSWERS).is_file():
        with closing(answer_store(folder.folder, writable=False)) as store:
            found = _sent(store, clip, caption)
        if found is not None:
            return found
    return _measured(folder, recording, clip, caption, measured)


def _sent(store: AnswerStore, clip: int, caption: Caption) -> Origin | None:
    """Origin of an answer: the pictures as they were sent, and the facts that went along."""
    exchange = store.exchange(caption.exchange)
    if exchange is None:
        return None
    parts = exchange.request["turns"][0]["parts"]
    pictures = [store.image(part["image"]) for part in parts if "image" in part]
    strip, overview = (b"" if one is None else one.data for one in (*pictures, None, None)[:2])
    return Origin(
        clip, caption, strip, overview, True, _facts(parts), exchange.model, exchange.created,
        _words(exchange), exchange.cost,
    )  # fmt: skip


def _facts(parts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    try:
        facts = read_facts(parts[-1].get("text", ""))
    except VLMError:
        return {}
    return dict(facts.kinematics) if isinstance(facts, CaptionFacts) else {}


def _words(exchange: Exchange) -> str:
    return exchange.text or json.dumps(exchange.value, ensure_ascii=False)


def _measured(
    folder: BehaviorFolder, recording: Recording, clip: int, caption: Caption | None,
    measured: list[ClipMeasures],
) -> Origin:  # fmt: skip
    """Origin of what no model said: numbers, and the pictures that a model would see."""
    clips, bodies = read_clips(folder, recording), read_bodies(folder, recording)
    if not 0 <= clip < len(clips):
        raise TableError(f"{recording.name} has no clip {clip}.")
    if not measured:
        measured += measure(
            poses_of(folder, recording, bodies), bodies, clips, energy_of(folder, recording)
        )  # fmt: skip
    numbers = kinematics(measured[clip], unit_of(recording))
    start, end = int(clips.start[clip]), int(clips.end[clip])
    try:
        with pictures_of(folder, recording) as read:
            strip = draw_strip(
                read, bodies, int(clips.animal[clip]), frames_shown(start, end, clips.fps),
                clips.fps,
            )  # fmt: skip
    except BehaviorVLMError as problem:
        return Origin(clip, caption, numbers=numbers, problem=str(problem))
    return Origin(clip, caption, strip.image.data, strip.overview.data, numbers=numbers)


# Asking again ----------------------------------------------------------------------------------


def ask_again(
    folder: BehaviorFolder, recording: Recording, clip: int, settings: Settings, hint: str = ""
) -> Generator[Progress, None, Caption]:
    """Ask a model about one clip, whatever it said before; nothing is kept but its answer.

    Parameters
    ----------
    folder : BehaviorFolder
        Open for writing.
    recording : Recording
    clip : int
    settings : Settings
        How to reach the model.
    hint : str
        What a person tells it to look at.

    Yields
    ------
    Progress

    Returns
    -------
    Caption

    Raises
    ------
    VLMError
        If the model cannot be asked, or gives no usable answer.
    VideoError
        If the video cannot be read.
    """
    yield Progress(0, 2, "Drawing the clip")
    clips, bodies = read_clips(folder, recording), read_bodies(folder, recording)
    words = read_vocabulary(folder.vocabulary) if folder.vocabulary.is_file() else None
    language = str(folder.config.settings.get("caption", {}).get("language", "English"))
    request = CaptionRequest(
        recording.name, clips, poses_of(folder, recording, bodies), bodies, words, language,
        unit_of(recording), energy_of(folder, recording), only=(clip,),
    )  # fmt: skip
    measures = measure(request.tracks, bodies, clips, request.energy)[clip]
    with open_model(folder.folder, settings) as session, pictures_of(folder, recording) as read:
        require_sight(session)
        question = clip_question(request, measures, read, session.profile.limits)
        newest = session.store.rows("SELECT coalesce(max(id), 0) FROM exchange")[0][0]
        asked = Text(_again(hint, int(newest)))
        yield Progress(1, 2, "Asking the model")
        outcomes = yield from session.ask([replace(question, parts=(*question.parts, asked))])
    found = caption_of(outcomes[0])
    if found is None:
        raise VLMError(outcomes[0].failure or "The model gave no usable answer.")
    return found


def _again(hint: str, newest: int) -> str:
    """Words that make the question a new one: an old one would have its old answer."""
    told = f" They say: {hint.strip()}" if hint.strip() else ""
    return f"A person has looked at this clip and asks you to look again ({newest + 1}).{told}"
