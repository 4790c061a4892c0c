"""Pictures made ready for the search for dots."""

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates import fitting
from napari_behaviorvlm.candidates.pictures import Picture

BLOCK = 8  # px, side of the blocks whose means tell the background


def repaired(picture: Picture, positions: NDArray[np.intp], noise: float) -> Picture:
    """Picture with some pixels replaced by the median of their neighbourhood.

    It stays an integer picture where the noise is large enough that rounding means of pixels does
    not matter; else it becomes float32.
    """
    rounding = picture.dtype.kind == "u" and noise >= 1
    repaired = picture.copy() if rounding else picture.astype(np.float32)
    if positions.size:
        centres = np.column_stack(np.divmod(positions, picture.shape[1])[::-1])
        _, (around,) = fitting.cut(centres, 1, picture)
        repaired.ravel()[positions] = np.partition(around.reshape(-1, 9), 4, axis=1)[:, 4]
    return repaired


def halved(picture: Picture) -> NDArray[np.float32]:
    """Mean of each 2 x 2 pixels; an odd last row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    half = cv2.resize(
        picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    return np.asarray(half, dtype=np.float32)


def block_means(half: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of 4 x 4 pixels (8 x 8 of the full picture), edges repeated where needed."""
    height, width = half.shape
    size = BLOCK // 2
    if height % size or width % size:
        half = cv2.copyMakeBorder(
            half, 0, -height % size, 0, -width % size, borderType=cv2.BORDER_REPLICATE
        )
    blocks = (half.shape[1] // size, half.shape[0] // size)
    return np.asarray(cv2.resize(half, blocks, interpolation=cv2.INTER_AREA))


def difference_of_gaussians(
    half: NDArray[np.float32], blocks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Light of dots without what is wider: sigma 2 px less about sigma 7 px, in full pixels.

    The wide Gaussian is computed from the blocks' means, where it costs little.
    """
    fine = cv2.GaussianBlur(half, (5, 5), 1.0)
    size = (blocks.shape[1] * BLOCK // 2, blocks.shape[0] * BLOCK // 2)
    wide = cv2.resize(cv2.GaussianBlur(blocks, (5, 5), 0.8), size)
    return np.asarray(cv2.subtract(fine, wide[: half.shape[0], : half.shape[1]]))


def refined(response: NDArray[np.float32], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Tops of parabolas through local maxima (column, row) and their neighbours, shape (n, 2)."""
    _, (around,) = fitting.cut(peaks, 1, response)
    around = around.astype(np.float64)
    before = np.column_stack([around[:, 1, 0], around[:, 0, 1]])
    after = np.column_stack([around[:, 1, 2], around[:, 2, 1]])
    bend = before + after - 2 * around[:, 1, 1, None]
    shift = 0.5 * (before - after) / np.minimum(bend, -1e-30)
    return np.asarray(peaks + np.maximum(np.minimum(shift, 0.5), -0.5))
