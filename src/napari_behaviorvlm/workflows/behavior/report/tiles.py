"""Small pictures of a clip: as it was filmed, and with the animal's head up.

Both stand beside each other everywhere, because turned pictures alone are misread: a walk along a
wall looks like standing, and what is above and below is lost.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.crops import egocentric_crop, usual_lengths
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.vlm.pictures import eight_bit

Picture = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

SIDE = 168
"""Of a tile, px."""
GAP = 4
MARGIN = 1.2
"""Body lengths around the animal's way that are shown as well."""
MARK = (255, 214, 0)
PAPER = 255


@dataclass(frozen=True)
class Window:
    """Square part of the scene that holds an animal's whole way.

    Parameters
    ----------
    left, top, side : int
        Px of the frame.
    """

    left: int
    top: int
    side: int


class ClipDrawer:
    """Draws the frames of one clip.

    Parameters
    ----------
    bodies : BodyTracks
        Of the recording, px of its video.
    animal : int
    frames : (int, int)
        First and last of the clip.
    size : (int, int)
        Width and height of the video.
    """

    def __init__(
        self, bodies: BodyTracks, animal: int, frames: tuple[int, int], size: tuple[int, int]
    ) -> None:
        self._bodies, self._animal = bodies, animal
        self._length = float(usual_lengths(bodies)[animal])
        self._heading = bodies.heading
        self.window = _window(bodies, animal, frames, size, self._length)
        self._levels: tuple[float, float] | None = None

    def pair(self, frame: int, picture: NDArray[np.generic]) -> Picture:
        """Give both tiles of a frame side by side, RGB, shape (SIDE, 2 SIDE + GAP, 3)."""
        source = np.asarray(picture if picture.dtype == np.uint8 else eight_bit(picture), np.uint8)
        at = frame - self._bodies.first_frame
        filmed = self._filmed(source, at)
        turned = egocentric_crop(
            source, self._bodies.centre[at, self._animal],
            float(self._heading[at, self._animal]), self._length, SIDE,
        )  # fmt: skip
        gap = np.full((SIDE, GAP, 3), PAPER, np.uint8)
        return np.concatenate([filmed, gap, self._plain(turned)], axis=1)

    def _filmed(self, source: Picture, at: int) -> Picture:
        """Draw the fixed part of the scene, the animal outlined."""
        window = self.window
        part = source[window.top : window.top + window.side,
                      window.left : window.left + window.side]  # fmt: skip
        scale = SIDE / window.side
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        tile = self._plain(cv2.resize(part, None, fx=scale, fy=scale, interpolation=way))
        drawn = np.full((SIDE, SIDE, 3), 128, np.uint8)
        drawn[: tile.shape[0], : tile.shape[1]] = tile[:SIDE, :SIDE]
        outline(drawn, self._bodies, at, self._animal, origin=(window.left, window.top),
                scale=scale)  # fmt: skip
        return drawn

    def _plain(self, tile: Picture) -> Picture:
        """RGB with the grey levels of the clip's first frame spread."""
        if self._levels is None:
            low, high = np.percentile(tile[::2, ::2], [0.5, 99.9])
            self._levels = min(float(low), 40.0), max(float(high), 120.0)
        low, high = self._levels
        ramp = np.clip((np.arange(256) - low) * (255 / max(high - low, 1.0)), 0, 255)
        spread = ramp.astype(np.uint8)[tile]
        return np.stack([spread] * 3, axis=-1) if spread.ndim == 2 else spread


def _window(
    bodies: BodyTracks, animal: int, frames: tuple[int, int], size: tuple[int, int], length: float
) -> Window:
    span = bodies.rows(frames[0] - bodies.first_frame, frames[1] + 1 - bodies.first_frame)
    points = np.concatenate([span.centre[:, animal], span.head[:, animal], span.rear[:, animal]])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        points = np.array([[0.0, 0.0], [size[0] - 1.0, size[1] - 1.0]])
    length = length if np.isfinite(length) and length > 0 else 40.0
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()) + 2 * MARGIN * length, 3 * length)
    side = int(min(np.ceil(side), *size))
    left, top = np.round((low + high - side) / 2).astype(int)
    return Window(
        int(np.clip(left, 0, size[0] - side)), int(np.clip(top, 0, size[1] - side)), max(side, 1)
    )  # fmt: skip


def outline(
    tile: Picture, bodies: BodyTracks, at: int, animal: int, *, origin: tuple[int, int],
    scale: float,
) -> None:  # fmt: skip
    """Draw an ellipse around a body and a wedge where its head is."""
    centre, head, rear = (part[at, animal] for part in (bodies.centre, bodies.head, bodies.rear))
    if not np.isfinite(centre).all():
        return
    known = bool(np.isfinite(head).all() and np.isfinite(rear).all())
    length = float(np.linalg.norm(head - rear)) if known else 0.0
    width = float(np.nan_to_num(bodies.width[at, animal])) or 0.45 * length
    middle = ((head + rear) / 2 if known else centre) - origin
    axes = np.array([0.65 * max(length, width), 0.75 * width]) * scale
    angle = float(np.arctan2(*(head - rear)[::-1])) if known else 0.0
    place = (middle + 0.5) * scale - 0.5
    fixed = [np.round(16 * pair).astype(int).tolist() for pair in (place, np.maximum(axes, 2))]
    cv2.ellipse(tile, fixed[0], fixed[1], float(np.degrees(angle)), 0, 360, MARK, 1, cv2.LINE_AA, 4)
    if known:
        ahead = np.array([np.cos(angle), np.sin(angle)])
        wing = np.array([-ahead[1], ahead[0]]) * 3.5
        tip, base = place + ahead * (axes[0] + 6), place + ahead * axes[0]
        wedge = np.round([tip, base + wing, base - wing]).astype(int)
        cv2.fillConvexPoly(tile, wedge, MARK, cv2.LINE_AA)


def sheet(pairs: list[Picture]) -> Picture:
    """Give the contact sheet of a cluster: a column per clip, as filmed above, head up below."""
    columns = [np.concatenate([pair[:, :SIDE], np.full((GAP, SIDE, 3), PAPER, np.uint8),
                               pair[:, SIDE + GAP :]]) for pair in pairs]  # fmt: skip
    gap = np.full((2 * SIDE + GAP, GAP, 3), PAPER, np.uint8)
    joined = [part for column in columns for part in (column, gap)][:-1]
    return np.concatenate(joined, axis=1)
