"""From numbers of outlines to bodies with a head."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.heading import headings, roundness
from napari_behaviorvlm.behavior.animals.measuring import COLUMNS
from napari_behaviorvlm.behavior.animals.pictures import Reduction
from napari_behaviorvlm.behavior.animals.silhouettes import BodySize
from napari_behaviorvlm.behavior.features.motion import smooth
from napari_behaviorvlm.core.body_tracks import BodyTracks

FloatArray = NDArray[np.float64]

_SMOOTHING = 0.04
"""Seconds over which directions are averaged."""


def bodies_from(
    table: FloatArray, names: tuple[str, ...], fps: float, reduction: Reduction, size: BodySize
) -> BodyTracks:
    """Bodies in px of the frame.

    Parameters
    ----------
    table : ndarray, shape (frames, animals, columns)
        See `measuring.COLUMNS`.
    names : tuple of str
        Of the animals.
    fps : float
        Frames per second.
    reduction : Reduction
        From frames to the working pictures that the table is about.
    size : BodySize
        Of one animal, working px.
    """
    part = {name: table[..., place] for place, name in enumerate(COLUMNS)}
    sign = headings(table, fps, size.length)
    ahead = np.stack([part["along_x"], part["along_y"]], axis=-1) * sign[..., None]
    ahead = _smoothed(ahead, roundness(table), fps)
    aside = np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1)
    centre = table[..., :2]
    front = sign > 0
    reach = np.where(front, part["ahead"], -part["behind"])
    back = np.where(front, part["behind"], -part["ahead"])
    bend = np.where(front, part["ahead_aside"], -part["behind_aside"])
    bend_back = np.where(front, part["behind_aside"], -part["ahead_aside"])
    head = centre + reach[..., None] * ahead + bend[..., None] * aside
    rear = centre + back[..., None] * ahead + bend_back[..., None] * aside
    scale = reduction.scale
    return BodyTracks(
        names, fps, reduction.to_frame(centre), reduction.to_frame(head), reduction.to_frame(rear),
        4 * part["spread_across"] / scale, part["area"] / scale**2, part["touching"] == 1,
    )  # fmt: skip


def _smoothed(ahead: FloatArray, firm: FloatArray, fps: float) -> FloatArray:
    """Directions averaged over a moment, those of round outlines counting little."""
    firm = np.where(np.isfinite(firm), firm, 0.0)
    total = smooth(ahead * firm[..., None], _SMOOTHING * fps)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.linalg.norm(total, axis=-1, keepdims=True))
