"""Which part of each picture is shown: everything, the animal, or one keypoint.

All views of the canvas share one camera with its zoom and centre. What differs from view to view is
how its picture is placed in the shared world: ``world = scale * pixel + translate``. Whatever is to
be in the middle of each view's box is placed on the world's origin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.projection import project_rig

FloatArray = NDArray[np.float64]

FIT_MARGIN = 0.98
"""Share of the box that the largest picture fills."""

ANIMAL_SHARE = 0.62
"""Share of the box that the animal fills when it is followed."""

KEYPOINT_SHARE = 0.22
"""Part of the animal's size that fills the box when a keypoint is zoomed to."""

_LEAST_PIXELS = 48.0
"""No view is zoomed so far that fewer pixels than this are seen across its box."""

_STEP = 1.06
"""Views are magnified in these steps."""

_MOST_SCALING = 4.0
"""Views differ at most this much in magnification, however far apart the cameras are."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the pictures lie in the shared world.

    Parameters
    ----------
    scale : ndarray, shape (C,)
        World units per pixel.
    translate : ndarray, shape (C, 2)
        World position (x, y) of the centre of each picture's first pixel.
    """

    scale: FloatArray
    translate: FloatArray

    @classmethod
    def centred(cls, centres: FloatArray, scale: FloatArray) -> "Placement":
        """Place the pictures so that these pixels, shape (C, 2), lie on the origin."""
        return cls(scale, -scale[:, None] * centres)


def grid_shape(
    count: int, canvas: tuple[float, float], picture: tuple[float, float]
) -> tuple[int, int]:
    """Rows and columns of boxes in which pictures come out largest.

    Parameters
    ----------
    count : int
        Views.
    canvas, picture : (float, float)
        Width and height.
    """
    best, best_size = (1, count), -1.0
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        size = min(canvas[0] / columns / picture[0], canvas[1] / rows / picture[1])
        # Of layouts that are as good, the one with the fewest empty boxes.
        size *= 1 - 1e-3 * (rows * columns - count)
        if size > best_size:
            best, best_size = (rows, columns), size
    return best


def fit_scale(sizes: FloatArray) -> FloatArray:
    """Scale of each view that makes all pictures as large as the largest one.

    Parameters
    ----------
    sizes : ndarray, shape (C, 2)
        Width and height in pixels.
    """
    largest = sizes.max(axis=0)
    scale: FloatArray = (largest / sizes).min(axis=1)
    return scale


def fit(sizes: FloatArray) -> Placement:
    """Place whole pictures, middle on middle."""
    return Placement.centred((sizes - 1) / 2, fit_scale(sizes))


def zoom_to_fit(extent: tuple[float, float], box: tuple[float, float], share: float) -> float:
    """Screen pixels per world unit with which an extent fills a share of a box."""
    return share * min(box[0] / max(extent[0], 1e-9), box[1] / max(extent[1], 1e-9))


@dataclass(frozen=True, eq=False)
class Animal:
    """Where the animal is seen.

    Parameters
    ----------
    centres : ndarray, shape (C, 2)
        Pixels; NaN in views in which nothing is known of it.
    spans : ndarray, shape (C,)
        Its size in pixels; NaN where unknown.
    magnification : ndarray, shape (C,)
        Pixels per unit of length at the animal; NaN where unknown.
    """

    centres: FloatArray
    spans: FloatArray
    magnification: FloatArray


def find_animal(rig: Rig, points: FloatArray, labels: FloatArray, dots: list[FloatArray]) -> Animal:
    """Find the animal in every view, from the best that is known of a frame.

    Parameters
    ----------
    rig : Rig
    points : ndarray, shape (K, 3)
        3D points; NaN where unknown.
    labels : ndarray, shape (C, K, 2)
        Labels, px; NaN where there are none.
    dots : list of ndarray, shape (n, 2)
        Candidates of each view, for views without anything better.
    """
    centres, spans = np.full((len(rig), 2), np.nan), np.full(len(rig), np.nan)
    magnification = np.full(len(rig), np.nan)
    known = points[np.isfinite(points).all(axis=1)]
    if len(known):
        middle = np.median(known, axis=0)
        projected = project_rig(rig, np.vstack([middle, known]))
        centres, spans = projected[0], _span(projected[1:] - projected[0])
        magnification = _magnification(rig, middle)
    for camera in np.flatnonzero(~np.isfinite(centres).all(axis=1)):
        labelled = labels[camera, np.isfinite(labels[camera]).all(axis=1)]
        seen = labelled if len(labelled) else dots[camera]
        if len(seen):
            centres[camera] = np.median(seen, axis=0)
            spans[camera] = _span(seen - centres[camera])
    return Animal(centres, spans, magnification)


def _span(away: FloatArray) -> FloatArray:
    """Size of clouds of points around their middle, (n, ..., 2); a stray one does not count."""
    distance = np.sort(np.hypot(away[..., 0], away[..., 1]), axis=0)  # NaN comes last
    count = np.count_nonzero(np.isfinite(distance), axis=0)
    at = np.maximum(np.ceil(0.9 * count).astype(np.intp) - 1, 0)
    span: FloatArray = 2 * np.take_along_axis(distance, at[None], axis=0)[0]
    return span


def _magnification(rig: Rig, point: FloatArray) -> FloatArray:
    """Pixels per unit of length at a point, by view."""
    depth = np.array([camera.rotation_matrix[2] @ point + camera.translation[2] for camera in rig])
    focal = np.array([np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]) for camera in rig])
    return np.where(depth > 0, focal / np.where(depth > 0, depth, 1), np.nan)


def follow(animal: Animal, sizes: FloatArray) -> Placement:
    """Place the animal in the middle of every box, equally large in all of them.

    Views that do not see it show the middle of their picture.
    """
    lost = ~np.isfinite(animal.centres).all(axis=1)
    centres = np.where(lost[:, None], (sizes - 1) / 2, animal.centres)
    return Placement.centred(centres, _equal_scale(animal.magnification, sizes))


def centre_on(keypoint: FloatArray, animal: Animal, sizes: FloatArray) -> Placement:
    """Place a keypoint in the middle of every box.

    Parameters
    ----------
    keypoint : ndarray, shape (C, 2)
        Pixels; views where it is NaN show the animal.
    """
    lost = ~np.isfinite(keypoint).all(axis=1)
    centres = np.where(lost[:, None], animal.centres, keypoint)
    return follow(Animal(centres, animal.spans, animal.magnification), sizes)


def _equal_scale(magnification: FloatArray, sizes: FloatArray) -> FloatArray:
    scale = fit_scale(sizes)
    known = np.isfinite(magnification) & (magnification > 0)
    if known.any():
        relative = np.median(magnification[known]) / np.where(known, magnification, 1)
        relative = np.clip(relative, 1 / _MOST_SCALING, _MOST_SCALING)
        # In steps, so that the picture does not swell and shrink while the animal walks.
        relative = _STEP ** np.round(np.log(relative) / np.log(_STEP))
        scale = np.where(known, relative, scale)
    return scale


def animal_zoom(animal: Animal, placement: Placement, box: tuple[float, float]) -> float | None:
    """Zoom at which the animal fills the box; None where nothing is known of it."""
    spans = animal.spans * placement.scale
    if not np.isfinite(spans).any():
        return None
    extent = max(float(np.nanmax(spans)), _LEAST_PIXELS)
    return zoom_to_fit((extent, extent), box, ANIMAL_SHARE)


def keypoint_zoom(
    animal: Animal, placement: Placement, sizes: FloatArray, box: tuple[float, float]
) -> float:
    """Zoom at which a keypoint and what is near it fill the box."""
    spans = animal.spans * placement.scale
    known = np.isfinite(spans)
    whole = float(np.nanmedian(spans)) if known.any() else 0.5 * float(sizes.min())
    extent = max(KEYPOINT_SHARE * whole / ANIMAL_SHARE, _LEAST_PIXELS)
    return zoom_to_fit((extent, extent), box, 1.0)
