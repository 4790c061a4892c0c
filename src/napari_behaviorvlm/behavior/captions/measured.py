"""The captioner that asks nobody: labels and sentences from measured numbers alone.

What a body does with its paws is not measured: grooming and rearing are hints from small movements
on the spot and from a foreshortened body, and their confidence says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.behavior.captions.measures import ClipMeasures, Relation, Unit, measure
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
        BL/s below which an animal stays on the spot: about 3 cm/s; tracking software commonly puts
        the border between immobile and moving at 2 cm/s.
    run : float
        BL/s. A mouse runs from about 20 cm/s on.
    chase : float
        BL/s below which following is no chase.
    following, contact : float
        Share of the clip's frames.
    facing : float
        Cosine between heading and the way to another animal from which it is headed for.
    towards : float
        Share of the speed that brings an animal nearer to the one it is headed for.
    near : float
        BL within which an approach ends, or from farther away if it is straight.
    foreshortened : float
        Length over the usual below which the body points to the camera (seen from above).
    raised : float
        BL by which the head is above the rear (3D).
    beside : float
        BL between the middles of bodies that lie beside each other.
    crouched : float
        Length over the usual below which a stirring body is more likely to groom.
    stirring, crouched_stirring : float
        Movement over the quiet level from which an animal on the spot is busy with itself.
    """

    still: float = 0.35
    run: float = 2.4
    chase: float = 2.2
    following: float = 0.33
    contact: float = 0.5
    facing: float = 0.75
    towards: float = 0.7
    near: float = 2.5
    foreshortened: float = 0.78
    raised: float = 0.5
    beside: float = 0.62
    crouched: float = 0.92
    stirring: float = 4.5
    crouched_stirring: float = 1.7


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
    near = m.nearest
    if near is not None and s.still <= m.speed < 2 * s.still and _beside(near, s):
        return "huddle", 0.5 * near.contact, near.other  # pushing each other along
    return _on_the_spot(m, s) if m.speed < s.still else _on_the_way(m, s)


def _on_the_way(m: ClipMeasures, s: MeasuredSettings) -> tuple[str, float, str]:
    chased = max(m.relations, key=lambda r: np.nan_to_num(r.following), default=None)
    if chased is not None and chased.following >= s.following and m.brisk_speed >= s.chase:
        return "chase", _sure(chased.following, s.following), chased.other
    if m.brisk_speed >= s.run:
        return "run", _sure(m.brisk_speed, s.run), ""
    goal = _goal(m, s)
    if goal is not None:
        return "approach", _sure(goal.facing, s.facing), goal.other
    return "walk", min(_sure(m.speed, s.still), _sure(s.run, m.speed)), ""


def _goal(m: ClipMeasures, s: MeasuredSettings) -> Relation | None:
    """Animal that is headed for, if there is one."""
    goals = [
        r for r in m.relations
        if r.facing >= s.facing and r.approach >= s.towards * m.speed
        and r.other_speed < m.speed and (r.distance_end < s.near or r.facing > 0.95)
    ]  # fmt: skip
    return max(goals, key=lambda r: r.facing, default=None)


def _beside(near: Relation, s: MeasuredSettings) -> bool:
    return near.contact >= s.contact and near.distance < s.beside


def _on_the_spot(m: ClipMeasures, s: MeasuredSettings) -> tuple[str, float, str]:
    near = m.nearest
    together = near is not None and _beside(near, s)
    if m.raised >= s.raised or (m.elongation < s.foreshortened and not together):
        return "rear", min(_sure(s.foreshortened, m.elongation), HINT), ""
    if m.elongation < s.crouched and m.stirring >= s.crouched_stirring:
        return "groom", min(_sure(m.stirring, s.crouched_stirring), HINT), ""
    if near is not None and together:
        return "huddle", _sure(near.contact, s.contact), near.other
    # Whoever is touched is stirred by others.
    if m.stirring >= s.stirring and (near is None or near.contact < 0.5 * s.contact):
        return "groom", min(_sure(m.stirring, s.stirring), HINT), ""
    return "rest", _sure(s.still, m.speed), ""


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
