"""Numbers that are kept of every animal in every frame while it is followed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.splitting import Ellipse

FloatArray = NDArray[np.float64]

COLUMNS = (
    "x", "y", "along_x", "along_y", "spread_along", "spread_across", "area",
    "ahead", "behind", "ahead_aside", "behind_aside",
    "tail", "skew", "wider", "brighter", "grey", "touching",
)  # fmt: skip
"""See `Sighting`."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One animal in one frame, in working px; "ahead" is along the axis' arbitrary sign.

    Parameters
    ----------
    ellipse : Ellipse
        Place and shape.
    area : float
        Of the outline; what the ellipse has where it is shared.
    reach : ndarray, shape (4,)
        How far the outline goes ahead and behind, and how far aside its ends are.
    signs : ndarray, shape (4,)
        What tells head from rear: tail ahead (positive) or behind, skewness, where it is wider,
        where it is brighter; each about -1 to 1, positive = ahead.
    grey : float
        Mean brightness.
    touching : bool
        The outline is shared.
    """

    ellipse: Ellipse
    area: float
    reach: FloatArray
    signs: FloatArray
    grey: float
    touching: bool

    def row(self) -> FloatArray:
        """As numbers in the order of `COLUMNS`."""
        ellipse = self.ellipse
        return np.concatenate([
            ellipse.centre, ellipse.axes[0], ellipse.spread, [self.area], self.reach, self.signs,
            [self.grey, float(self.touching)],
        ])  # fmt: skip


def sighting(
    points: FloatArray, grey: FloatArray, ellipse: Ellipse, tails: FloatArray, *,
    area: float, touching: bool,
) -> Sighting:  # fmt: skip
    """Measure an animal from its pixels.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Its pixels.
    grey : ndarray, shape (n,)
        Their brightness.
    ellipse : Ellipse
        Fitted to them.
    tails : ndarray, shape (m, 2)
        Pixels of what may be its tail.
    area : float
        Of the outline.
    touching : bool
        The outline is shared.
    """
    turned = (points - ellipse.centre) @ ellipse.axes.T
    along, across = turned[:, 0], turned[:, 1]
    behind, ahead = np.quantile(along, (0.01, 0.99))
    front, back = along > 0.75 * ahead, along < 0.75 * behind
    reach = [ahead, behind, across[front].mean() if front.any() else 0.0,
             across[back].mean() if back.any() else 0.0]  # fmt: skip
    wide = [np.abs(across[half]).mean() if half.any() else 0.0 for half in (along > 0, along <= 0)]
    light = [grey[half].mean() if half.any() else 0.0 for half in (along > 0, along <= 0)]
    signs = [
        _tail_sign(tails, ellipse),
        float(np.clip(2 * (along**3).mean() / ellipse.spread[0] ** 3, -1, 1)),
        float(np.clip(4 * (wide[0] - wide[1]) / (wide[0] + wide[1] + 1e-9), -1, 1)),
        float(np.clip((light[0] - light[1]) / (grey.std() + 1.0), -1, 1)),
    ]
    return Sighting(
        ellipse, area, np.array(reach), np.array(signs), float(grey.mean()), touching
    )  # fmt: skip


def _tail_sign(tails: FloatArray, ellipse: Ellipse) -> float:
    """1 where all of a long tail is ahead, -1 behind, 0 where there is none."""
    if not len(tails):
        return 0.0
    turned = (tails - ellipse.centre) @ ellipse.axes.T
    near = (np.abs(turned) < 4.5 * ellipse.spread[0]).all(axis=1)
    if not near.any():
        return 0.0
    along = turned[near, 0] / ellipse.spread[0]
    enough = min(1.0, near.sum() / (0.5 * ellipse.spread[0]))
    return float(np.clip(along.mean() / 1.5, -1, 1) * enough)
