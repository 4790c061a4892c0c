"""Finding the floor by its reflections.

A dot and its reflection in a glossy floor, both seen by several cameras, are two sound 3D points.
The lines between such pairs are all parallel and their middles lie in one plane: the floor. A plane
found like this is known to a fraction of a millimetre, so that even the reflection of a paw that
stands on the floor can be told from the paw. Where reflections are too few for this, see `floor`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.fusion import FusedPoints

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mirror:
    """A reflecting plane; the animal is where ``normal @ x > offset``.

    Parameters
    ----------
    normal : ndarray, shape (3,)
    offset : float
    pairs : int
        Dots and reflections it was found from.
    """

    normal: FloatArray
    offset: float
    pairs: int

    def height(self, xyz: FloatArray) -> FloatArray:
        """Signed distance from the plane, positive on the animal's side; shape (...,)."""
        height: FloatArray = xyz @ self.normal - self.offset
        return height


@dataclass(frozen=True)
class MirrorSettings:
    """What counts as a plane.

    Parameters
    ----------
    width : float
        Thickness of the layer in which the middles of pairs lie, as a share of the body's scale.
    slant : float
        Largest sine of the angle between a pair and the direction looked along.
    min_pairs : int
        Fewest pairs.
    contrast : float
        How many times more pairs than in the average layer.
    """

    width: float = 0.04
    slant: float = 0.2
    min_pairs: int = 25
    contrast: float = 5.0


def find_mirror(
    points: FusedPoints, vertical: FloatArray, animal: FloatArray, scale: float,
    settings: MirrorSettings | None = None,
) -> Mirror | None:  # fmt: skip
    """Look for a plane that reflects dots.

    Parameters
    ----------
    points : FusedPoints
        Of many frames, sorted by frame.
    vertical : ndarray, shape (3,)
        Roughly the normal of the plane.
    animal : ndarray, shape (n, 3)
        Places where the animal is known to have been (the seeds); NaN ignored.
    scale : float
        Size of the animal.
    settings : MirrorSettings, optional

    Returns
    -------
    Mirror or None
    """
    settings = settings or MirrorSettings()
    first, second = pairs_of_points(points)
    offset = points.xyz[first] - points.xyz[second]
    middle = (points.xyz[first] + points.xyz[second]) / 2
    length = np.linalg.norm(offset, axis=1)
    apart = (length > 0.15 * scale) & (length < 6 * scale)
    offset, middle, length = offset[apart], middle[apart], length[apart]
    normal = vertical / np.linalg.norm(vertical)
    slant, inside = settings.slant, np.zeros(len(offset), bool)
    for _ in range(3):
        along = offset @ normal
        parallel = length**2 - along**2 < (slant * length) ** 2
        height = middle @ normal
        found = _densest(height[parallel], settings.width * scale)
        if found is None:
            return None
        inside = parallel & (np.abs(height - found) < settings.width * scale / 2)
        if not _stands_out(height[parallel], int(inside.sum()), scale, settings):
            return None
        normal = (offset[inside] * np.sign(along[inside])[:, None]).sum(0)
        normal /= np.linalg.norm(normal)
        slant = settings.slant / 2
    place = float(np.median(middle[inside] @ normal))
    side = np.sign(np.nanmedian(animal @ normal) - place)
    return Mirror(normal * side, place * side, int(inside.sum()))


def pairs_of_points(points: FusedPoints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of all pairs of points of the same frame, each pair once."""
    bounds = np.flatnonzero(np.diff(points.frame, prepend=-1, append=-1))
    first, second = [], []
    for start, stop in pairwise(bounds):
        a, b = np.triu_indices(int(stop - start), 1)
        first.append(a + start)
        second.append(b + start)
    if not first:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate(first), np.concatenate(second)


def _densest(values: FloatArray, width: float) -> float | None:
    """Middle of the interval of the given width that holds most values."""
    if not len(values):
        return None
    ordered = np.sort(values)
    count = np.searchsorted(ordered, ordered + width) - np.arange(len(ordered))
    start = int(count.argmax())
    return float(np.median(ordered[start : start + count[start]]))


def _stands_out(heights: FloatArray, count: int, scale: float, settings: MirrorSettings) -> bool:
    """Whether a layer holds far more pairs than the layers around it, on average, do."""
    low, high = np.quantile(heights, [0.05, 0.95])
    layers = max(high - low, scale) / (settings.width * scale)
    elsewhere = len(heights) - count
    return count >= settings.min_pairs and count > settings.contrast * elsewhere / layers
