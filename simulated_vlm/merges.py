"""Answers to `merge`: neighbours of one label, as the truth has it where it is known, spoiled."""

from itertools import pairwise
from typing import Any

import numpy as np

from napari_behaviorvlm.vlm.facts import MergeFacts
from simulated_vlm.behavior import BehaviorOracle

Events = list[dict[str, Any]]


def merge(facts: MergeFacts, oracle: BehaviorOracle | None) -> dict[str, Any]:
    """Events in the form of the contract."""
    if oracle is None or facts.animal not in oracle.truth.animals:
        return {"events": _by_label(facts)}
    about = ("merge", facts.session, facts.animal, facts.clips[0].clip, facts.clips[-1].clip)
    asked = oracle.times(*about)
    events = _by_truth(facts, oracle)
    return {"events": _spoiled(events, oracle, asked, about)}


def _by_label(facts: MergeFacts) -> Events:
    events: Events = []
    for clip in facts.clips:
        if events and events[-1]["label"] == clip.label:
            events[-1]["clips"].append(clip.clip)
        else:
            events.append({"label": clip.label, "description": clip.description,
                           "clips": [clip.clip]})  # fmt: skip
    return events


def _by_truth(facts: MergeFacts, oracle: BehaviorOracle) -> Events:
    """Join and cut at the truth's changes, with mistakes; labels are the captions' majority.

    A text model does not see the video: it cannot know better than the captions what happened, but
    it can know where one thing goes on under two names.
    """
    errors, truth = oracle.errors, oracle.truth
    groups = [[facts.clips[0]]]
    for before, clip in pairwise(facts.clips):
        names = [truth.of(facts.animal, c.start_frame, c.end_frame) for c in (before, clip)]
        same = names[0] == names[1] and clip.start_frame == before.end_frame + 1
        draw = errors.chance("boundary", facts.session, facts.animal, clip.clip).random()
        if draw < (errors.joined if same else errors.missed):
            same = not same
        if same:
            groups[-1].append(clip)
        else:
            groups.append([clip])
    events = []
    for group in groups:
        frames: dict[str, int] = {}
        for clip in group:
            length = clip.end_frame - clip.start_frame + 1
            frames[clip.label] = frames.get(clip.label, 0) + length
        label = max(frames, key=lambda name: frames[name])
        chance = errors.chance("relabel", facts.session, facts.animal, group[0].clip)
        if chance.random() < errors.relabel:
            label = str(chance.choice(np.array(truth.behaviors)))
        words = f"{facts.animal}: {label} over {len(group)} clips."
        events.append({"label": label, "description": words, "clips": [c.clip for c in group]})
    return events


def _spoiled(
    events: Events, oracle: BehaviorOracle, asked: int, about: tuple[object, ...]
) -> Events:  # fmt: skip
    errors = oracle.errors
    chance = errors.chance(*about, asked)
    if errors.slips(errors.drop, asked, *about, "drop"):
        victim = events[int(chance.integers(len(events)))]
        victim["clips"].pop()
        events = [event for event in events if event["clips"]]
    if errors.slips(errors.repeat, asked, *about, "repeat") and len(events) > 1:
        events[1]["clips"].insert(0, events[0]["clips"][-1])
    if errors.slips(errors.disorder, asked, *about, "disorder") and len(events) > 1:
        at = int(chance.integers(len(events) - 1))
        events[at], events[at + 1] = events[at + 1], events[at]
    return events
