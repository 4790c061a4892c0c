"""Crops in which an animal always lies in the middle with its head up."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.body_tracks import BodyTracks

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]

BODY_SHARE = 0.5
"""Share of a crop's side that the body's length takes: the rest shows what it touches."""


def egocentric_crop(
    picture: Picture, centre: FloatArray, heading: float, length: float, size: int
) -> Picture:
    """Cut an animal out, turned so that its head points up.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width) or (height, width, 3)
        The frame.
    centre : ndarray, shape (2,)
        Middle of the body, px of the frame (x right, y down).
    heading : float
        From rear to head in radians, 0 to the right, growing clockwise on screen.
    length : float
        Of the body, px; it takes half of the crop's height.
    size : int
        Side of the crop, px.

    Returns
    -------
    ndarray of uint8, shape (size, size) or (size, size, 3)
        Places outside of the frame repeat its border. All zeros where place, direction or length
        are unknown (NaN).
    """
    shape = (size, size, *picture.shape[2:])
    known = np.isfinite(centre).all() and np.isfinite(heading) and np.isfinite(length)
    if not known or length <= 0:
        return np.zeros(shape, np.uint8)
    back = _crop_to_frame(centre, heading, length, size)
    area = np.abs(back[0, 0] * back[1, 1] - back[0, 1] * back[1, 0])
    # Reducing more than twofold would skip pixels: average first.
    if area > 4.0:
        picture, back = _reduced(picture, back, float(np.sqrt(area)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(picture, back, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _crop_to_frame(centre: FloatArray, heading: float, length: float, size: int) -> FloatArray:
    """Affine map from pixels of the crop to pixels of the frame, shape (2, 3)."""
    step = length / (BODY_SHARE * size)
    ahead = np.array([np.cos(heading), np.sin(heading)]) * step
    right = np.array([-ahead[1], ahead[0]])
    middle = (size - 1) / 2
    origin = np.asarray(centre, float) - middle * right + middle * ahead
    return np.stack([right, -ahead, origin], axis=1)


def _reduced(picture: Picture, back: FloatArray, step: float) -> tuple[Picture, FloatArray]:
    """Part of the picture that the crop shows, averaged to the crop's resolution."""
    corners = back @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]]) * 1.0
    del corners
    factor = int(step)
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(width // factor, 1), max(height // factor, 1)), interpolation=cv2.INTER_AREA
    )
    scale = np.array([small.shape[1] / width, small.shape[0] / height])
    moved = back * scale[:, None]
    moved[:, 2] = (back[:, 2] + 0.5) * scale - 0.5
    return np.asarray(small, np.uint8), moved


def egocentric_crops(
    pieces: Iterable[tuple[int, Picture]], bodies: BodyTracks, size: int
) -> Iterator[tuple[int, Picture]]:
    """Cut all animals out of a stream of frames.

    Parameters
    ----------
    pieces : iterable of (int, ndarray of uint8)
        Number of the first frame, and pictures of shape (n, height, width[, 3]).
    bodies : BodyTracks
        Of the recording. Each animal's own usual length is the scale, the same in all frames:
        a rearing animal looks shorter, as it should.
    size : int
        Side of a crop, px.

    Yields
    ------
    first_frame : int
    crops : ndarray of uint8, shape (n, animals, size, size[, 3])
        Zeros where an animal is not followed.
    """
    lengths = usual_lengths(bodies)
    heading = bodies.heading
    for first, pictures in pieces:
        n_animals = len(bodies.animals)
        crops = np.zeros((len(pictures), n_animals, size, size, *pictures.shape[3:]), np.uint8)
        for row, picture in enumerate(pictures):
            at = first + row - bodies.first_frame
            if not 0 <= at < len(bodies):
                continue
            for animal in range(n_animals):
                crops[row, animal] = egocentric_crop(
                    picture, bodies.centre[at, animal], heading[at, animal], lengths[animal], size
                )
        yield first, crops


def usual_lengths(bodies: BodyTracks) -> FloatArray:
    """Median length of every animal where it touches no other, px, shape (animals,)."""
    length = bodies.length
    apart = np.where(bodies.touching, np.nan, length)
    usual = np.full(len(bodies.animals), np.nan)
    for animal in range(len(bodies.animals)):
        for column in (apart[:, animal], length[:, animal], length):
            known = column[np.isfinite(column)]
            if len(known):
                usual[animal] = np.median(known)
                break
    return usual
