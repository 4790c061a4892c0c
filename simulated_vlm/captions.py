"""Answers to `caption`: from the true behaviour, or from the measured speed where none is known."""

from typing import Any

from napari_behaviorvlm.vlm.facts import CaptionFacts
from simulated_vlm.behavior import OTHER_LANGUAGE, SYNONYMS, BehaviorOracle


def caption(facts: CaptionFacts, oracle: BehaviorOracle | None) -> dict[str, Any]:
    """Caption in the form of the contract."""
    if oracle is None or facts.animal not in oracle.truth.animals:
        return _by_speed(facts)
    true = oracle.truth.of(facts.animal, facts.start_frame, facts.end_frame)
    if true is None:
        return _by_speed(facts)
    about = ("caption", facts.session, facts.animal, facts.clip)
    asked = oracle.times(*about)
    chance = oracle.errors.chance(*about)
    label, draw = true, chance.random()
    if draw < oracle.errors.wrong:
        others = [name for name in oracle.truth.behaviors if name != true]
        label = str(chance.choice(others)) if others else true
    words = f"{facts.animal} shows {label} in this clip."
    if oracle.errors.slips(oracle.errors.foreign, asked, *about, "foreign"):
        label = OTHER_LANGUAGE.get(label, "行動")
        words = f"{facts.animal}：{label}。"
    elif chance.random() < oracle.errors.synonym:
        label = SYNONYMS.get(label, label.upper())
    return _texts(label, words)


def _by_speed(facts: CaptionFacts) -> dict[str, Any]:
    speed = next((v for k, v in facts.kinematics.items() if k.startswith("speed")), 0.0)
    label = "resting" if speed < 5 else "walking" if speed < 200 else "running"
    words = f"The animal is {label} from frame {facts.start_frame} to {facts.end_frame}."
    return _texts(label, words)


def _texts(label: str, words: str) -> dict[str, Any]:
    return {"label": label, "description": words, "posture": "elongated", "movement": label,
            "social": "alone"}  # fmt: skip
