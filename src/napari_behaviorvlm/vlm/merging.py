"""Checks of `merge` answers: every clip exactly once, in order, neighbours only."""

from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from napari_behaviorvlm.vlm.answers import Event, MergeAnswer
from napari_behaviorvlm.vlm.captioning import check_label
from napari_behaviorvlm.vlm.facts import MergeFacts
from napari_behaviorvlm.vlm.problems import Problem


def check_events(
    facts: MergeFacts, items: list[Any]
) -> tuple[MergeAnswer, tuple[Problem, ...]]:  # fmt: skip
    """Check the events of a `merge` answer.

    Parameters
    ----------
    facts : MergeFacts
    items : list
        Parsed JSON.

    Returns
    -------
    answer : MergeAnswer
        Sound events only, in the order of time; clips that they leave out stay as they were.
    problems : tuple of Problem
    """
    order = {clip.clip: at for at, clip in enumerate(facts.clips)}
    events: list[Event] = []
    problems: list[Problem] = []
    used: set[int] = set()
    for number, item in enumerate(items, 1):
        event, problem = _read(facts, number, item, used)
        if event is not None:
            used.update(event.clips)
            events.append(event)
        if problem is not None:
            problems.append(problem)
    starts = [order[event.clips[0]] for event in events]
    if any(after < before for before, after in pairwise(starts)):
        problems.append(Problem("clip_order", "", "The events are not in the order of time."))
    events.sort(key=lambda event: order[event.clips[0]])
    problems += [
        Problem("missing", str(clip), f"Clip {clip} is in no event.")
        for clip in order if clip not in used
    ]  # fmt: skip
    return MergeAnswer(events=events), tuple(problems)


def _read(
    facts: MergeFacts, number: int, item: Any, used: set[int]
) -> tuple[Event | None, Problem | None]:
    order = {clip.clip: at for at, clip in enumerate(facts.clips)}
    try:
        event = Event.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "item"
        sentence = f"Event {number} is wrong at {place}: {first['msg']}."
        return None, Problem("wrong_shape", str(number), sentence)
    problem = _clip_problem(number, event, order, used)
    if problem is not None:
        return None, problem
    label, problem = check_label(facts, event.label, f"Event {number}")
    return (None, problem) if problem else (event.model_copy(update={"label": label}), None)


def _clip_problem(
    number: int, event: Event, order: dict[int, int], used: set[int]
) -> Problem | None:  # fmt: skip
    unknown = [clip for clip in event.clips if clip not in order]
    if unknown:
        sentence = f"Event {number} names clip {unknown[0]}, which was not given."
        return Problem("unknown_clip", str(number), sentence)
    if not event.clips:
        return Problem("wrong_shape", str(number), f"Event {number} has no clips.")
    twice = [clip for clip in event.clips if clip in used or event.clips.count(clip) > 1]
    if twice:
        return Problem("clip_twice", str(number), f"Clip {twice[0]} is in two events.")
    places = [order[clip] for clip in event.clips]
    if places != list(range(places[0], places[0] + len(places))):
        sentence = f"The clips of event {number} are not neighbours in the order of time."
        return Problem("clip_order", str(number), sentence)
    if not event.label.strip():
        return Problem("empty_text", str(number), f"Event {number} has no label.")
    return None
