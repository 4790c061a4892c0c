"""The paper's 3D step: triangulate robustly, and try alternatives where a view disagrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.geometry.triangulation import (
    Triangulation,
    TriangulationSettings,
    triangulate,
)

Dots = Mapping[int, NDArray[np.float64]]
"""Pixels of a view's candidates, by number."""


@dataclass(frozen=True)
class Refinement:
    """When a view is assigned anew.

    Parameters
    ----------
    high_error : float
        Reprojection error from which on a label is doubted, px.
    accepted_error : float
        Largest error of the alternative that takes its place, px.
    rounds : int
        Each ends with a new triangulation.
    triangulation : TriangulationSettings
    """

    high_error: float = 8.0
    accepted_error: float = 6.0
    rounds: int = 2
    triangulation: TriangulationSettings = field(
        default_factory=lambda: TriangulationSettings(threshold=6.0)
    )


@dataclass(frozen=True, eq=False)
class Refined:
    """A frame after the 3D step.

    Parameters
    ----------
    numbers : ndarray of int32, shape (C, K)
    xy : ndarray, shape (C, K, 2)
    triangulation : Triangulation
        Of K points.
    """

    numbers: NDArray[np.int32]
    xy: NDArray[np.float64]
    triangulation: Triangulation


def refine(
    rig: Rig, xy: NDArray[np.float64], numbers: NDArray[np.int32], dots: Sequence[Dots],
    settings: Refinement, *, reassign: bool = True, robust: bool = True,
) -> Refined:  # fmt: skip
    """Triangulate a frame and assign views anew that are far from the point of the others.

    Parameters
    ----------
    rig : Rig
    xy : ndarray, shape (C, K, 2)
        Pixels of the named candidates; NaN without.
    numbers : ndarray of int32, shape (C, K)
    dots : sequence of mappings
        Candidates of each view.
    settings : Refinement
    reassign : bool
        False only triangulates (the paper's "without 3D").
    robust : bool
        False lets all views count in the triangulation.

    Returns
    -------
    Refined
    """
    xy, numbers = xy.copy(), numbers.copy()
    how = settings.triangulation if robust else replace(settings.triangulation, threshold=1e6)
    found = triangulate(rig, xy.transpose(1, 0, 2), settings=how)
    for _ in range(settings.rounds if reassign else 0):
        expected = project_rig(rig, found.points).transpose(1, 0, 2)
        error = np.linalg.norm(xy - expected, axis=-1)
        changed = False
        for camera, candidates in enumerate(dots):
            changed |= _reassign(
                xy[camera], numbers[camera], expected[camera], error[camera], candidates, settings
            )
        if not changed:
            break
        found = triangulate(rig, xy.transpose(1, 0, 2), settings=how)
    return Refined(numbers, xy, found)


def _reassign(  # noqa: PLR0917
    xy: NDArray[np.float64], numbers: NDArray[np.int32], expected: NDArray[np.float64],
    error: NDArray[np.float64], dots: Dots, settings: Refinement,
) -> bool:  # fmt: skip
    """Give doubted keypoints of a view the candidate nearest to where they should be, in place.

    Candidates of keypoints that nobody doubts are not taken away.
    """
    with np.errstate(invalid="ignore"):
        doubted = np.isfinite(expected[:, 0]) & ~(error <= settings.high_error)
    taken = set(numbers[~doubted]) - {0}
    pairs = sorted(
        (float(np.linalg.norm(place - expected[keypoint])), int(keypoint), number)
        for keypoint in np.flatnonzero(doubted)
        for number, place in dots.items()
        if number not in taken
    )
    before = numbers.copy()
    numbers[doubted], xy[doubted] = 0, np.nan
    for distance, keypoint, number in pairs:
        if distance <= settings.accepted_error and not numbers[keypoint] and number not in taken:
            numbers[keypoint], xy[keypoint] = number, dots[number]
            taken.add(number)
    return bool((before != numbers).any())
