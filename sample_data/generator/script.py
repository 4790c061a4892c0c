"""What the animal does when: behaviours, speed, turning and the postures they blend."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_data.generator.settings import SCRIPT_FRAMES
from scipy.ndimage import gaussian_filter1d

Floats = NDArray[np.float64]

# Behaviour, first frame, speed in mm/s, turning rate in degrees/s (positive: to the left).
SCRIPT = (
    ("walk", 0, 76.0, 8.0),
    ("turn", 50, 45.0, 128.0),
    ("walk", 88, 74.0, 4.0),
    ("rear", 116, 0.0, 0.0),
    ("groom", 158, 0.0, 0.0),
    ("rest", 206, 0.0, 0.0),
)
RAMP_FRAMES = 3.0


@dataclass(frozen=True)
class Posture:
    """Angles in degrees, lengths in mm, of one way to hold the body.

    Parameters
    ----------
    spine : tuple of float
        Elevation of the five spine segments, pelvis to skull.
    head : float
        Elevation of the snout.
    height : float
        Height of the pelvis.
    reach : float
        0: forepaws stand on the floor; 1: they are held before the body.
    stroke : float
        0: paws are held before the chest; 1: they stroke the snout.
    """

    spine: tuple[float, float, float, float, float]
    head: float
    height: float
    reach: float = 0.0
    stroke: float = 0.0


POSTURES = {
    "walk": Posture((11, -2, -15, -2, 6), -14, 15.5),
    "turn": Posture((12, -3, -16, -4, 4), -16, 15.2),
    "rear": Posture((56, 71, 78, 72, 58), 14, 19.0, 1.0),
    "groom": Posture((72, 70, 44, -14, -44), -62, 15.0, 1.0, 1.0),
    "rest": Posture((15, -6, -24, -8, 2), -20, 14.0),
}
BEHAVIOURS = tuple(POSTURES)


@dataclass(frozen=True)
class Script:
    """The script, frame by frame; arrays have ``SCRIPT_FRAMES`` rows.

    ``speed`` in mm/s, ``turning`` in rad/s, ``spine`` and ``head`` in rad, ``height`` in mm.
    """

    behaviour: NDArray[np.str_]
    speed: Floats
    turning: Floats
    spine: Floats
    head: Floats
    height: Floats
    reach: Floats
    stroke: Floats
    stillness: Floats


def _smooth(values: Floats, sigma: float = RAMP_FRAMES) -> Floats:
    return gaussian_filter1d(np.asarray(values, dtype=np.float64), sigma, axis=0, mode="nearest")


def make_script() -> Script:
    """Return the behaviours of all frames with smooth transitions between them."""
    starts = [entry[1] for entry in SCRIPT]
    number = np.searchsorted(starts, np.arange(SCRIPT_FRAMES), side="right") - 1
    rows = [SCRIPT[n] for n in number]
    postures = [POSTURES[row[0]] for row in rows]
    return Script(
        behaviour=np.array([row[0] for row in rows]),
        speed=_smooth([row[2] for row in rows]),
        turning=np.deg2rad(_smooth([row[3] for row in rows], 4.0)),
        spine=np.deg2rad(_smooth([p.spine for p in postures], 4.0)),
        head=np.deg2rad(_smooth([p.head for p in postures], 4.0)),
        height=_smooth([p.height for p in postures]),
        reach=_smooth([p.reach for p in postures], 2.5),
        stroke=_smooth([p.stroke for p in postures]),
        stillness=_smooth([float(row[0] == "rest") for row in rows]),
    )
