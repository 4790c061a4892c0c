"""Cameras whose videos were exchanged: labels of one that fit where another is said to stand.

Some cameras are taken for right (those that agree with each other; all but two), and give points.
The labels of every other camera are compared with these points as each of the others would see
them; of all ways to share out the calibrations the one is taken that fits best (Kuhn's assignment,
scipy), and only if it fits clearly better, and well, on labels that were not used to choose it.
Where too many are mixed up to give points, every order of the cameras is tried (`camera_order`).
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.geometry.camera_order import best_order
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.geometry.mending import BETTER, points_of_others
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

FEWEST = 4
"""Labels of a camera that must lie on points of the others, in each of the two halves."""

FAR = 1e4
"""Stands for a residual that cannot be measured, px."""


@dataclass(frozen=True)
class Exchange:
    """Cameras that hold each other's place.

    Parameters
    ----------
    stands : tuple of (str, str)
        A camera, and the camera whose calibration fits its labels; each calibration once.
    before, after : float
        Median distance of their labels from the points of the other cameras, px, of the camera
        that fits worst; as it is, and with the calibrations exchanged.
    """

    stands: tuple[tuple[str, str], ...]
    before: float
    after: float

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras concerned, in the rig's order."""
        return tuple(name for name, _ in self.stands)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        off = f"({self.before:.0f} px off as it is, {self.after:.1f} px exchanged)"
        if len(self.stands) == 2:
            first, second = self.names
            return f"Cameras {first!r} and {second!r} look exchanged {off}."
        each = ", ".join(f"{name!r} stands where {at!r} should" for name, at in self.stands)
        return f"{len(self.stands)} cameras look exchanged: {each} {off}."

    def mended(self, rig: Rig) -> Rig:
        """Give each camera the calibration that fits its labels; names stay with the videos."""
        place = dict(self.stands)
        cameras = (
            replace(rig[place.get(camera.name, camera.name)], name=camera.name) for camera in rig
        )
        return Rig(tuple(cameras), dict(rig.metadata))


def find_exchange(rig: Rig, xy: ArrayLike, *, limit: float = 8.0) -> Exchange | None:
    """Find out whether cameras were exchanged.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels, pixels of the original frames in the rig's camera order; NaN where there is none.
    limit : float
        Median distance up to which labels fit, px; as in `check_rig`.

    Returns
    -------
    Exchange or None
        None where nothing fits better exchanged.
    """
    labels = np.asarray(xy, dtype=np.float64)
    disagreeing = check_rig(rig, labels, limit=limit).disagreeing
    if len(disagreeing) < 2:
        return None
    # Two cameras that face each other may agree although they are exchanged: every pair is tried.
    off = {tuple(rig.index(name) for name in disagreeing), *combinations(range(len(rig)), 2)}
    found = [
        exchange for some in sorted(off) if len(rig) - len(some) >= 2
        if (exchange := _exchanged_among(rig, labels, some, limit)) is not None
    ]  # fmt: skip
    if not found and len(disagreeing) > 2:
        return _in_another_order(rig, labels, limit)
    return min(found, key=lambda one: one.after, default=None)


def _in_another_order(rig: Rig, labels: FloatArray, limit: float) -> Exchange | None:
    """Look for the order in which all cameras agree, when too few are right to tell by."""
    order = best_order(rig, labels[::2], limit)
    if order is None or order == rig.names:
        return None
    stands = tuple((name, at) for name, at in zip(rig.names, order, strict=True) if name != at)
    new, judged = Exchange(stands, 0.0, 0.0).mended(rig), labels[1::2]
    before, after = (
        max(_median_off(some, judged, name) for name, _ in stands) for some in (rig, new)
    )
    return Exchange(stands, before, after) if after < min(limit, BETTER * before) else None


def _median_off(rig: Rig, labels: FloatArray, name: str) -> float:
    """Median distance of a camera's labels from the points of the others, px."""
    points, own = points_of_others(rig, labels, name), labels[:, rig.index(name)]
    usable = np.isfinite(points).all(axis=1) & np.isfinite(own).all(axis=1)
    away = np.linalg.norm(project(rig[name], points[usable]) - own[usable], axis=1)
    away = np.where(np.isfinite(away), away, FAR)
    return float(np.median(away)) if len(away) else FAR


def _exchanged_among(
    rig: Rig, labels: FloatArray, off: tuple[int, ...], limit: float
) -> Exchange | None:  # fmt: skip
    """Look for an exchange among some cameras, the others taken to be right."""
    trusted = [index for index in range(len(rig)) if index not in off]
    settings = TriangulationSettings(threshold=2 * limit, leave_one_out=False)
    subset = rig.subset(rig.names[index] for index in trusted)
    points = triangulate(subset, labels[:, trusted], settings=settings).points
    chosen, told = (_residuals(rig, points[part::2], labels[part::2], off) for part in (0, 1))
    places = _cheapest(chosen)
    moved = np.flatnonzero(places != np.arange(len(off)))
    if not len(moved):
        return None
    before, after = np.diag(told)[moved], told[moved, places[moved]]
    if not (after < np.minimum(limit, BETTER * before)).all():
        return None
    names = [rig.names[index] for index in off]
    stands = tuple((names[at], names[places[at]]) for at in moved)
    return Exchange(stands, float(before.max()), float(after.max()))


def _residuals(
    rig: Rig, points: FloatArray, labels: FloatArray, off: tuple[int, ...]
) -> FloatArray:
    """Median distance of a camera's labels (row) from points seen from a place (column), px."""
    table = np.full((len(off), len(off)), FAR)
    for row, index in enumerate(off):
        own = labels[:, index]
        usable = np.isfinite(points).all(axis=1) & np.isfinite(own).all(axis=1)
        if usable.sum() < FEWEST:
            continue
        for column, other in enumerate(off):
            sizes = {rig.cameras[index].size, rig.cameras[other].size} - {None}
            if len(sizes) < 2:
                away = project(rig.cameras[other], points[usable]) - own[usable]
                distance = np.linalg.norm(away, axis=1)
                distance = np.where(np.isfinite(distance), distance, FAR)
                table[row, column] = min(float(np.median(distance)), FAR)
    return table


def _cheapest(residuals: FloatArray) -> NDArray[np.intp]:
    """Assign each camera a place of its own."""
    from scipy.optimize import linear_sum_assignment

    # Logarithms: one camera that fits nowhere must not outvote the fit of the others.
    places: NDArray[np.intp] = linear_sum_assignment(np.log(np.maximum(residuals, 0.1)))[1]
    return places
