"""Plain sentences from a clip's numbers."""

from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.behavior.captions.measures import ClipMeasures, Relation, Unit

_VERBS = {
    "rest": "rests", "walk": "walks", "run": "runs", "rear": "seems to rear on the spot",
    "groom": "stays on the spot with small movements, perhaps grooming", "approach": "approaches",
    "chase": "chases", "huddle": "rests beside",
    "unclear": "cannot be measured here",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A clip in words: the whole sentence and its parts."""

    whole: str
    posture: str
    movement: str
    social: str


def sentence(
    measures: ClipMeasures, label: str, other: str, unit: Unit | None, *, still: float
) -> Words:  # fmt: skip
    """Say what was measured.

    Parameters
    ----------
    measures : ClipMeasures
        Of the clip.
    label : str
        Of the measured captioner.
    other : str
        Animal that the label is about; empty for none.
    unit : Unit, optional
        Body lengths (BL) without it.
    still : float
        Body lengths per second below which an animal stands.
    """
    if not np.isfinite(measures.speed):
        return Words(f"{measures.animal} {_VERBS['unclear']}.", "", "", "")
    verb = f"{measures.animal} {_VERBS[label]}{f' {other}' if other else ''}"
    parts = [verb]
    if label in {"walk", "run", "approach", "chase"}:
        parts[0] += _way(measures) if not other else ""
        parts.append(told(measures.speed, measures, unit, "/s"))
        if measures.speed >= 2 * still and measures.speed_end < still:
            parts.append("then stops")
        elif measures.speed >= 2 * still and measures.speed_start < still:
            parts.append("from standing")
    movement = ", ".join(parts)
    social = _social(measures, unit)
    whole = f"{movement}; {social}." if social and not other else f"{movement}."
    return Words(whole, _posture(measures), movement, social)


def told(lengths: float, measures: ClipMeasures, unit: Unit | None, per: str = "") -> str:
    """Length or speed as it is read: "21 cm/s", "2.5 BL/s"."""
    if unit is None:
        return f"{lengths:.1f} BL{per}"
    value = lengths * measures.body_length / unit.size
    return f"{value:.0f} {unit.name}{per}" if value >= 10 else f"{value:.1f} {unit.name}{per}"


def _way(m: ClipMeasures) -> str:
    """Where to: towards or away from the nearest, or turning."""
    near = m.nearest
    if near is not None and near.distance < 5 and abs(near.approach) > 0.5 * max(m.speed, 1e-9):
        gained = near.distance_start - near.distance_end
        if gained > 0.3 and near.approach > 0:
            return f" towards {near.other}"
        if gained < -0.3 and near.approach < 0:
            return f" away from {near.other}"
    if abs(m.turned) > np.pi / 3:
        return f", turning {'clockwise' if m.turned > 0 else 'anticlockwise'}"
    return ""


def _posture(m: ClipMeasures) -> str:
    if not np.isfinite(m.elongation):
        return ""
    if m.elongation > 1.15:
        return "stretched"
    return "short, seen from above" if m.elongation < 0.8 else "usual length"


def _social(m: ClipMeasures, unit: Unit | None) -> str:
    near: Relation | None = m.nearest
    if near is None:
        return ""
    if near.contact >= 0.5:
        return f"in contact with {near.other}"
    return f"{near.other} is {told(near.distance, m, unit)} away"


def kinematics(m: ClipMeasures, unit: Unit | None) -> dict[str, float]:
    """Measured numbers by name and unit, as a request's facts carry them; only finite ones."""
    size = 1.0 if unit is None else m.body_length / unit.size
    name = "body_lengths" if unit is None else unit.name
    values = {
        f"speed_{name}_per_s": m.speed * size,
        f"peak_speed_{name}_per_s": m.peak_speed * size,
        f"path_{name}": m.path * size,
        f"displacement_{name}": m.displacement * size,
        "turned_clockwise_deg": float(np.degrees(m.turned)),
        "length_over_usual": m.elongation,
        "area_over_usual": m.area,
        "tracked_share": m.tracked,
    }
    near = m.nearest
    if near is not None:
        values |= {
            f"nearest_distance_start_{name}": near.distance_start * size,
            f"nearest_distance_end_{name}": near.distance_end * size,
            f"speed_towards_nearest_{name}_per_s": near.approach * size,
            "facing_nearest_cos": near.facing,
            "following_nearest_share": near.following,
            "contact_share": near.contact,
        }
    return {key: round(float(value), 2) for key, value in values.items() if np.isfinite(value)}
