"""What pictures tell of every animal in every frame: looks, movement and shape.

Everything is measured in the animal's own frame of reference, in crops with its head up, and in
body lengths: the number of pixels and the place in the picture do not matter. One pass over the
recording, memory of a few frames.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.silhouettes import foreground
from napari_behaviorvlm.behavior.crops import BODY_SHARE, egocentric_crop
from napari_behaviorvlm.behavior.features.kinematics import compressed
from napari_behaviorvlm.behavior.features.pixels_looks import LooksOf
from napari_behaviorvlm.behavior.features.pixels_motion import MOTION_NAMES, Flow
from napari_behaviorvlm.behavior.features.pixels_scene import Backdrop
from napari_behaviorvlm.behavior.features.pixels_shape import SHAPE_NAMES, shapes
from napari_behaviorvlm.core.body_tracks import BodyTracks

Float32Array = NDArray[np.float32]
Picture = NDArray[np.uint8]
Encode = Callable[[Picture], Float32Array]
"""From crops (n, size, size) to codes (n, dimensions)."""


@dataclass(frozen=True)
class PixelSettings:
    """How animals are looked at.

    Parameters
    ----------
    size : int
        Side of the crops, px; the body takes half of it.
    """

    size: int = 48


@dataclass(eq=False)
class _Piece:
    """Crops of one piece of frames, and what was measured of them."""

    values: Float32Array
    crops: list[Picture]
    masks: list[NDArray[np.bool_]]
    places: list[tuple[int, int]]


class PixelFeatures:
    """Measures animals in a stream of frames.

    Parameters
    ----------
    bodies : BodyTracks
        Where they are, px of the frames.
    backdrop : Backdrop
        The empty scene.
    settings : PixelSettings, optional
    encode : callable, optional
        A pretrained encoder: its codes are added to the looks.
    """

    def __init__(
        self, bodies: BodyTracks, backdrop: Backdrop, settings: PixelSettings | None = None,
        encode: Encode | None = None,
    ) -> None:  # fmt: skip
        self.bodies, self.backdrop = bodies, backdrop
        self.settings = settings or PixelSettings()
        self.encode = encode
        size = self.settings.size
        self._body = BODY_SHARE * size
        self._looks, self._flow = LooksOf(size), Flow(size)
        self._centre, self._heading = backdrop.places(bodies.centre), bodies.heading
        self._before: Picture | None = None
        self._n_codes = 0 if encode is None else encode(np.zeros((1, size, size), np.uint8)).size

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the numbers."""
        codes = tuple(f"code_{i}" for i in range(self._n_codes))
        return (*SHAPE_NAMES, *MOTION_NAMES, *self._looks.names, *codes)

    @property
    def groups(self) -> tuple[str, ...]:
        """Group of every number: shape, motion, looks or codes."""
        counts = (len(SHAPE_NAMES), len(MOTION_NAMES), len(self._looks.names), self._n_codes)
        named = zip(("shape", "motion", "looks", "codes"), counts, strict=True)
        return tuple(name for name, count in named for _ in range(count))

    def stream(self, pieces: Iterable[tuple[int, Picture]]) -> Iterator[tuple[int, Float32Array]]:
        """Measure frames.

        Parameters
        ----------
        pieces : iterable of (int, ndarray of uint8)
            Number of the first frame, and pictures of shape (n, height, width[, 3]), in order.

        Yields
        ------
        first_frame : int
        values : ndarray of float32, shape (n, animals, features)
            NaN where an animal is not seen; frames without tracks are left out.
        """
        for first, pictures in pieces:
            start = max(first, self.bodies.first_frame)
            stop = min(first + len(pictures), self.bodies.stop_frame)
            if start < stop:
                yield start, self._piece(start, pictures[start - first : stop - first])

    def _piece(self, first: int, pictures: Picture) -> Float32Array:
        shape = (len(pictures), len(self.bodies.animals), len(self.names))
        piece = _Piece(np.full(shape, np.nan, np.float32), [], [], [])
        for row, picture in enumerate(pictures):
            self._frame(row, first + row - self.bodies.first_frame, picture, piece)
        if piece.places:
            rows, animals = np.array(piece.places).T
            piece.values[rows, animals, : len(SHAPE_NAMES)] = shapes(
                np.stack(piece.masks), self._body
            )
            if self.encode is not None:
                codes = self.encode(np.stack(piece.crops))
                piece.values[rows, animals, -self._n_codes :] = codes
        return piece.values

    def _frame(self, row: int, at: int, picture: Picture, piece: _Piece) -> None:
        now = self.backdrop.reduction.reduce(picture)
        before = now if self._before is None else self._before
        self._before = now
        seen = self._seen(now)
        if seen is None:
            return
        mask, difference = seen
        for animal in range(len(self.bodies.animals)):
            here, away = self._cut(now, at, animal), self._cut(before, at, animal)
            if here is None or away is None:
                continue
            shown, differs = self._cut(mask, at, animal), self._cut(difference, at, animal)
            assert shown is not None
            assert differs is not None
            inside = own_part(shown > 127, self._body)
            n = len(SHAPE_NAMES)
            moved = self._flow.measure(away, here, inside, self._body, self.bodies.fps)
            values = piece.values[row, animal]
            values[n : n + len(MOTION_NAMES)] = compressed(moved.astype(np.float64))
            looks = self._looks(differs)
            values[n + len(MOTION_NAMES) : n + len(MOTION_NAMES) + len(looks)] = looks
            piece.places.append((row, animal))
            piece.masks.append(inside)
            piece.crops.append(here)

    def _seen(self, picture: Picture) -> tuple[Picture, Picture] | None:
        """Mask and difference from the empty scene; None while the light is off."""
        empty = self.backdrop.empty
        if empty is None:
            grey = float(np.median(picture))
            difference = np.asarray(cv2.absdiff(picture, np.full_like(picture, round(grey))))
            return np.full_like(picture, 255), difference.astype(np.uint8)
        found = foreground(picture, empty)
        return None if found is None else (found[0], found[1])

    def _cut(self, picture: Picture, at: int, animal: int) -> Picture | None:
        heading, length = self._heading[at, animal], self.backdrop.lengths[animal]
        centre = self._centre[at, animal]
        if not (np.isfinite(heading) and np.isfinite(length) and np.isfinite(centre).all()):
            return None
        return egocentric_crop(picture, centre, heading, length, self.settings.size)


def own_part(mask: NDArray[np.bool_], body: float) -> NDArray[np.bool_]:
    """Keep of a crop's mask what belongs to the animal in its middle.

    Parameters
    ----------
    mask : ndarray of bool, shape (size, size)
        What is not background.
    body : float
        Usual length, px of the crop.

    Returns
    -------
    ndarray of bool, shape (size, size)
        The connected part with the largest share in the middle, no farther than an animal
        reaches; empty where there is none.
    """
    size = len(mask)
    middle = (size - 1) / 2
    rows, columns = np.ogrid[:size, :size]
    reach = ((rows - middle) / (0.85 * body)) ** 2 + ((columns - middle) / (0.6 * body)) ** 2 < 1
    near = (rows - middle) ** 2 + (columns - middle) ** 2 < (0.25 * body) ** 2
    kept = mask & reach
    count, labels = cv2.connectedComponents(kept.astype(np.uint8), connectivity=4)
    votes = np.bincount(labels[near & kept], minlength=count)
    votes[0] = 0
    return np.asarray(labels == votes.argmax()) & kept if votes.any() else np.zeros_like(kept)
