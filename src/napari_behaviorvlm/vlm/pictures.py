"""Pictures as they are sent: cut, resized to the model's limits, marked, encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.vlm.facts import CandidateFacts
from napari_behaviorvlm.vlm.marks import STYLE, MarkStyle, Picture, draw_marks
from napari_behaviorvlm.vlm.picture_map import Box, PictureMap
from napari_behaviorvlm.vlm.request import Image

QUALITY = 90
"""Of JPEG: a fifth of PNG's bytes for noisy camera pictures, and numbers stay as legible."""

OVERVIEW_SIDE = 280


@dataclass(frozen=True, eq=False)
class MarkedPicture:
    """A picture ready to be sent, and what it shows.

    Parameters
    ----------
    image : Image
    map : PictureMap
    candidates : list of CandidateFacts
        Those that the picture shows.
    """

    image: Image
    map: PictureMap
    candidates: list[CandidateFacts]


def marked_picture(
    frame: Picture, where: PictureMap, numbers: Sequence[int],
    xy: NDArray[np.float64], style: MarkStyle = STYLE,
) -> MarkedPicture:  # fmt: skip
    """Picture of a frame (or of a part of it) with its candidates numbered.

    Parameters
    ----------
    frame : ndarray of uint8, shape (H, W) or (H, W, 3)
        As `eight_bit` gives it.
    where : PictureMap
    numbers : sequence of int
        Of the candidates.
    xy : ndarray, shape (n, 2)
        The candidates in frame pixels; those outside the picture are left out.
    style : MarkStyle

    Returns
    -------
    MarkedPicture
    """
    xy = np.asarray(xy, float).reshape(-1, 2)
    shown = [int(i) for i in np.flatnonzero(where.shows(xy))]
    kept = [int(numbers[i]) for i in shown]
    drawn = draw_marks(cut_spread(frame, where), kept, where.to_picture(xy[shown]), style)
    candidates = [
        CandidateFacts(number=number, x=round(float(x), 2), y=round(float(y), 2))
        for number, (x, y) in zip(kept, xy[shown], strict=True)
    ]
    return MarkedPicture(encode(drawn), where, candidates)


def overview(frame: Picture, window: PictureMap, side: int = OVERVIEW_SIDE) -> Image:
    """Small picture of the whole frame with the outline of a crop.

    Parameters
    ----------
    frame : ndarray of uint8, shape (H, W) or (H, W, 3)
        As `eight_bit` gives it.
    window : PictureMap
        The crop.
    side : int
        Longer side of the overview, px.
    """
    height, width = frame.shape[:2]
    scale = min(side / max(width, height), 1.0)
    shift = 0.5 / scale - 0.5
    small = PictureMap((shift, shift), scale, round(width * scale), round(height * scale))
    drawn = cut_spread(frame, small)
    edges: Box = (-0.5, -0.5, window.width - 0.5, window.height - 0.5)
    x0, y0, x1, y1 = window.box_to_frame(edges)
    (left, top), (right, bottom) = np.round(small.to_picture([(x0, y0), (x1, y1)])).astype(int)
    for colour, thickness in ((STYLE.halo, 4), (STYLE.line, 2)):
        cv2.rectangle(drawn, (left, top), (right, bottom), colour, thickness)
    return encode(drawn)


def cut(frame: NDArray[np.generic], where: PictureMap) -> Picture:
    """Cut and resize; RGB of 8 bits, grey levels spread. See `cut_spread`."""
    return cut_spread(eight_bit(frame), where)


def cut_spread(source: Picture, where: PictureMap) -> Picture:
    """Cut and resize a frame as `eight_bit` gives it; RGB.

    Positions follow the map exactly: the value of each picture pixel comes from where
    `PictureMap.to_frame` says.
    """
    if where.scale < 0.9:
        # Without this, thin bright dots and hairs would come and go with the sampling.
        source = cv2.GaussianBlur(source, (0, 0), 0.4 / where.scale)
    part = cv2.warpAffine(
        source, where.matrix, (where.width, where.height),
        flags=cv2.INTER_CUBIC if where.scale > 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    cut_out: Picture = cv2.cvtColor(part, cv2.COLOR_GRAY2RGB) if part.ndim == 2 else part
    return cut_out


def encode(picture: Picture) -> Image:
    """Picture as a file."""
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    height, width = picture.shape[:2]
    return Image(data.tobytes(), width, height, "image/jpeg")


def eight_bit(frame: NDArray[np.generic]) -> Picture:
    """Bring a frame of any number of bits to 8 bits with all grey levels in use.

    Bright pictures of 8 bits stay nearly as they are. RGB stays RGB; of other channels the first
    is taken.
    """
    if frame.ndim == 3 and frame.shape[2] != 3:
        frame = frame[..., 0]
    low, high = np.percentile(frame[::4, ::4].astype(np.float32), [0.5, 99.9])
    if frame.dtype == np.uint8:
        low, high = min(low, 40), max(high, 120)
    factor = 255 / max(high - low, 1)
    if frame.dtype == np.uint8:
        table = np.clip((np.arange(256) - low) * factor, 0, 255).astype(np.uint8)
        known: Picture = table[frame]
        return known
    levels = (frame.astype(np.float32) - low) * factor
    brought: Picture = np.clip(levels, 0, 255).astype(np.uint8)
    return brought
