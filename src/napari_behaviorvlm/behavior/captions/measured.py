"""The captioner that asks nobody: labels and sentences from measured numbers alone.

A label is given where the numbers carry it and cautious words ("moves") otherwise. What a body
does with its paws is not measured: grooming and rearing are hints from small movements on the
spot and from a foreshortened body, and their confidence says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.behavior.captions.measures import ClipMeasures, Unit, measure
from napari_behaviorvlm.behavior.captions.sentences import sentence
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.core.captions import Caption

__all__ = ["MeasuredSettings", "judged", "measure", "measured_caption", "measured_captions"]


@dataclass(frozen=True)
class MeasuredSettings:
    """Thresholds, in body lengths (BL) and seconds.

    A mouse measures about 8 cm from nose to tail base, which turns the customary thresholds of
    tracking software into these. Tuned on generated recordings only, never on the sample.

    Parameters
    ----------
    still : float
        BL/s below which an animal rests: about 2 cm/s, where tracking software commonly puts the
        border between immobile and moving.
    walk, run : float
        BL/s. A mouse runs from about 20 cm/s on.
    busy, wobble : float
        BL/s of body parts, rad/s of turning to and fro: above either, an animal on the spot is
        busy with itself.
    foreshortened : float
        Length over the usual below which the body points to the camera (seen from above).
    raised : float
        BL by which the head is above the rear (3D).
    approach : float
        BL/s towards another animal.
    gained : float
        BL by which the distance must shrink.
    following, contact : float
        Share of the clip's frames.
    """

    still: float = 0.25
    walk: float = 0.5
    run: float = 2.5
    busy: float = 0.25
    wobble: float = 0.6
    foreshortened: float = 0.8
    raised: float = 0.5
    approach: float = 0.5
    gained: float = 0.75
    following: float = 0.5
    contact: float = 0.5


DEFAULT = MeasuredSettings()
HINT = 0.6
"""Confidence that rearing and grooming do not pass: paws are not seen."""


def judged(measures: ClipMeasures, settings: MeasuredSettings = DEFAULT) -> tuple[str, float, str]:
    """Label of a clip, how sure it is (0..1), and the other animal that it is about ("" if none).

    Parameters
    ----------
    measures : ClipMeasures
        Of the clip.
    settings : MeasuredSettings
        Thresholds.
    """
    m, s = measures, settings
    if not np.isfinite(m.speed):
        return "unclear", 0.0, ""
    chased = max(m.relations, key=lambda r: np.nan_to_num(r.following), default=None)
    if chased is not None and chased.following >= s.following and m.speed >= s.walk:
        return "chase", _sure(chased.following, s.following), chased.other
    moving = m.speed >= s.walk
    goal = max(m.relations, key=lambda r: np.nan_to_num(r.approach), default=None)
    if goal is not None and moving and goal.approach >= s.approach and goal.facing > 0.5:
        gained = goal.distance_start - goal.distance_end
        if gained >= s.gained and goal.distance_end < 3 and goal.other_speed < m.speed:
            return "approach", _sure(gained, s.gained), goal.other
    if m.speed >= s.run:
        return "run", _sure(m.speed, s.run), ""
    if moving:
        return "walk", min(_sure(m.speed, s.walk), _sure(s.run, m.speed)), ""
    return _on_the_spot(m, s)


def _on_the_spot(m: ClipMeasures, s: MeasuredSettings) -> tuple[str, float, str]:
    near = m.nearest
    short = m.elongation < s.foreshortened
    if m.raised >= s.raised or (short and not (near and near.contact >= s.contact)):
        return "rear", min(_sure(s.foreshortened, m.elongation), HINT), ""
    if near is not None and near.contact >= s.contact and m.speed < s.still:
        return "huddle", _sure(near.contact, s.contact), near.other
    if m.busy >= s.busy or m.wobble >= s.wobble:
        return "groom", min(_sure(max(m.busy / s.busy, m.wobble / s.wobble), 1.0), HINT), ""
    if m.speed < s.still:
        return "rest", _sure(s.still, m.speed), ""
    return "moves", 0.5, ""


def _sure(value: float, threshold: float) -> float:
    """0.5 at the threshold, 0.8 at twice of it, towards 1."""
    ratio = max(value, 1e-9) / max(threshold, 1e-9)
    return float(ratio**2 / (1 + ratio**2)) if np.isfinite(ratio) else 0.5


def measured_caption(
    measures: ClipMeasures, vocabulary: Vocabulary | None = None, unit: Unit | None = None,
    settings: MeasuredSettings = DEFAULT,
) -> Caption:  # fmt: skip
    """Caption a clip by its numbers.

    Parameters
    ----------
    measures : ClipMeasures
        Of the clip.
    vocabulary : Vocabulary, optional
        The lab's words; a label that has none there stays as it is.
    unit : Unit, optional
        For speeds and distances in the sentence; body lengths without it.
    settings : MeasuredSettings
        Thresholds.

    Returns
    -------
    Caption
        Its source is "measured".
    """
    label, confidence, other = judged(measures, settings)
    words = sentence(measures, label, other, unit, still=settings.still)
    if vocabulary is not None:
        label = vocabulary.measured(label) or label
    return Caption(
        label, words.whole, words.posture, words.movement, words.social, confidence, "measured"
    )


def measured_captions(
    measures: Sequence[ClipMeasures], vocabulary: Vocabulary | None = None,
    unit: Unit | None = None, settings: MeasuredSettings = DEFAULT,
) -> dict[int, Caption]:  # fmt: skip
    """Caption clips by their numbers; keys are rows of the clip table."""
    return {one.clip: measured_caption(one, vocabulary, unit, settings) for one in measures}
