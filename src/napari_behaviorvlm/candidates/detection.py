"""Dots of a fluorescence picture, with sub-pixel centres.

A difference of Gaussians at half resolution finds them; circular Gaussians fitted to all of them
at once at full resolution measure them. The fit weighs pixels by read noise and by shot noise that
it estimates from its own residuals, so that bright dots come out near the Cramér-Rao bound as well.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates import fitting
from napari_behaviorvlm.candidates.background import Background
from napari_behaviorvlm.candidates.fitting import HEIGHT, LOG_SIGMA, FloatArray, Windows
from napari_behaviorvlm.candidates.numbering import number
from napari_behaviorvlm.candidates.pictures import (
    SMALLEST,
    Picture,
    as_grey,
    lone_pixels,
    noise_floor,
    pixel_noise,
)
from napari_behaviorvlm.candidates.surroundings import (
    HALF_WINDOW,
    cut_above,
    local_planes,
    residual_variance,
    reweighted,
)
from napari_behaviorvlm.core.candidates import Detections
from napari_behaviorvlm.core.errors import VideoError

DETECTOR_VERSION = 1  # raise it when the same picture gives other dots: part of content keys


@dataclass(frozen=True)
class DetectionSettings:
    """What counts as a dot.

    Parameters
    ----------
    smallest_sigma, largest_sigma : float
        Range of the Gaussian sigma of dots, px.
    threshold : float
        How many noise sigmas a dot stands out: in the filtered picture, and as a whole over the
        noise of its own surroundings.
    min_height : float
        Least peak height, in grey levels of the picture.
    max_candidates : int
        Only so many of the strongest dots of a picture are kept.
    """

    smallest_sigma: float = 1.2
    largest_sigma: float = 6.0
    threshold: float = 6.0
    min_height: float = 0.0
    max_candidates: int = 100

    def key(self) -> dict[str, object]:
        """Return all that decides which dots are found in a picture, for a content key."""
        return {"detector": DETECTOR_VERSION, **asdict(self)}


def detect(
    image: Picture,
    background: Background | None = None,
    settings: DetectionSettings | None = None,
) -> Detections:
    """Find the dots of one picture; see `Detector`."""
    return Detector(background, settings)(image)


class Detector:
    """Finds dots in the pictures of one camera, each on its own, in any order.

    Parameters
    ----------
    background : Background, optional
        The camera's static light and hot pixels.
    settings : DetectionSettings, optional
    """

    def __init__(
        self, background: Background | None = None, settings: DetectionSettings | None = None
    ) -> None:
        self.background = background
        self.settings = settings or DetectionSettings()
        self._half_level = None if background is None else _halved(background.level)
        self._hot = None if background is None else np.flatnonzero(background.hot)

    def __call__(self, image: Picture) -> Detections:
        """Find the dots of a picture.

        Parameters
        ----------
        image : ndarray, shape (height, width), or (height, width, 3 | 4) for colour
            8 or 16 bit or float; pixels that are not finite do not count.

        Returns
        -------
        Detections
            In reading order (`number`). None in an empty, constant or tiny picture.

        Raises
        ------
        VideoError
            If the picture has another shape, no real numbers, or not the background's size.
        """
        picture = as_grey(image)
        if self.background is not None and picture.shape != self.background.level.shape:
            raise VideoError(
                f"A picture of {picture.shape[1]} x {picture.shape[0]} pixels does not fit its "
                f"camera's background of {self.background.level.shape[1]} x "
                f"{self.background.level.shape[0]}."
            )
        if min(picture.shape) < SMALLEST:
            return _none()
        picture, ignored = _usable(picture)
        hot = lone_pixels(picture, pixel_noise(picture))
        if self._hot is not None:
            hot = np.union1d(hot, self._hot)
        ignored.ravel()[hot] = 1
        half = _halved(_repaired(picture, hot))
        if self._half_level is not None:
            half -= self._half_level
        peaks = self._peaks(half, 0.5 * noise_floor(picture))
        if not len(peaks):
            return _none()
        return self._measure(picture, ignored, half, peaks)

    def _peaks(self, half: NDArray[np.float32], floor: float) -> NDArray[np.intp]:
        """Columns and rows of local maxima at half resolution, strongest first, shape (n, 2)."""
        response = _difference_of_gaussians(half)
        spread = 1.4826 * float(np.median(np.abs(response[::4, ::4])))
        # White noise of sigma 1 leaves 0.24 in this difference of Gaussians.
        limit = self.settings.threshold * max(spread, 0.24 * floor)
        highest = cv2.dilate(response, np.ones((5, 5), dtype=np.uint8)).ravel()
        positions = np.flatnonzero(response > limit)
        positions = positions[response.ravel()[positions] >= highest[positions]]
        strongest = np.argsort(-response.ravel()[positions], kind="stable")
        positions = positions[strongest[: 2 * self.settings.max_candidates]]
        rows, columns = np.unravel_index(positions, response.shape)
        return np.column_stack([columns, rows])

    def _measure(
        self,
        picture: Picture,
        ignored: NDArray[np.uint8],
        half: NDArray[np.float32],
        peaks: NDArray[np.intp],
    ) -> Detections:
        """Fit the dots that peaks (at half resolution) hint at and keep what looks like dots."""
        level = None if self.background is None else self.background.level
        windows = cut_above(picture, ignored, 2 * peaks, local_planes(half, peaks), level)
        sigmas = self.settings.smallest_sigma / 2, self.settings.largest_sigma * 1.5
        start = _start(windows, 2 * peaks)
        dots = fitting.fit(windows, start, iterations=8, sigma_range=sigmas, tolerance=0.05)
        keep = self._plausible(windows, dots, start)
        windows, dots, start = windows.select(keep), dots[keep], start[keep]
        if not len(dots):
            return _none()
        windows = reweighted(windows, dots)
        dots = fitting.fit(windows, dots, iterations=8, sigma_range=sigmas)
        keep = self._plausible(windows, dots, start) & _inside(dots, picture.shape)
        return self._strongest(_without_twins(dots[keep]))

    def _plausible(
        self, windows: Windows, dots: FloatArray, start: FloatArray
    ) -> NDArray[np.bool_]:
        """Whether each fit is near its peak, of a dot's size, and stands out of its noise."""
        sigma, height = np.exp(dots[:, LOG_SIGMA]), dots[:, HEIGHT]
        spread = np.sqrt(residual_variance(windows, dots))
        moved = np.abs(dots[:, :2] - start[:, :2]).max(axis=1)
        settings = self.settings
        plausible: NDArray[np.bool_] = (
            np.isfinite(dots).all(axis=1)
            & (sigma >= settings.smallest_sigma)
            & (sigma <= settings.largest_sigma)
            & (height >= settings.min_height)
            & (height * sigma * np.sqrt(np.pi) >= settings.threshold * spread)
            & (moved <= HALF_WINDOW / 2)
        )
        return plausible

    def _strongest(self, dots: FloatArray) -> Detections:
        """Return at most ``max_candidates`` dots, by their light, numbered."""
        light = dots[:, HEIGHT] * np.exp(2 * dots[:, LOG_SIGMA])
        kept = dots[np.argsort(-light, kind="stable")[: self.settings.max_candidates]]
        return number(
            Detections(kept[:, :2].copy(), kept[:, HEIGHT].copy(), np.exp(kept[:, LOG_SIGMA]))
        )


def _none() -> Detections:
    return Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0))


def _usable(
    picture: Picture,
) -> tuple[Picture, NDArray[np.uint8]]:
    """Replace pixels that are not finite by the median; also return where they are (1)."""
    ignored = np.zeros(picture.shape, dtype=np.uint8)
    if picture.dtype.kind == "f":
        finite = np.isfinite(picture)
        if not finite.all():
            usual = np.median(picture[finite]) if finite.any() else 0
            ignored[~finite] = 1
            picture = np.where(finite, picture, usual).astype(np.float32)
    return picture, ignored


def _repaired(picture: Picture, positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Picture as float32 with some pixels replaced by the median of their neighbourhood."""
    smooth = picture.astype(np.float32)
    if positions.size:
        centres = np.column_stack(np.unravel_index(positions, picture.shape)[::-1])
        _, around, _ = fitting.cut(picture, centres, 1)
        smooth.ravel()[positions] = np.median(around.reshape(len(positions), 9), axis=1)
    return smooth


def _difference_of_gaussians(half: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light of dots without what is wider: sigma 2 px less sigma 6 px, in full pixels.

    The wide Gaussian is computed at a quarter of the resolution, where it costs little.
    """
    height, width = half.shape
    fine = cv2.GaussianBlur(half, (7, 7), 1.0)
    small = cv2.resize(half, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(small, (9, 9), 1.5), (width, height))
    response: NDArray[np.float32] = cv2.subtract(fine, wide)
    return response


def _halved(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each 2 x 2 pixels; an odd last row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    half: NDArray[np.float32] = cv2.resize(
        picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    return half


def _start(windows: Windows, centres: NDArray[np.intp]) -> FloatArray:
    """First guess: the peak's place, a usual sigma, the height of the pixels around the peak."""
    start = np.zeros((len(centres), 5))
    start[:, :2] = centres + 0.5
    middle = slice(HALF_WINDOW - 1, HALF_WINDOW + 3)
    start[:, HEIGHT] = np.median(windows.values[:, middle, middle], axis=(1, 2)).clip(1e-3, None)
    start[:, LOG_SIGMA] = np.log(2.5)
    return start


def _inside(dots: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether centres lie on the picture."""
    highest = np.array([shape[1], shape[0]]) - 0.5
    return np.asarray(((dots[:, :2] >= -0.5) & (dots[:, :2] <= highest)).all(axis=1))


def _without_twins(dots: FloatArray) -> FloatArray:
    """Of fits that ended on the same dot (closer than 0.75 sigma), keep the highest."""
    dots = dots[np.argsort(-dots[:, HEIGHT], kind="stable")]
    gaps = np.hypot(*(dots[:, None, :2] - dots[None, :, :2]).transpose(2, 0, 1))
    near = gaps < 0.75 * np.exp(dots[:, LOG_SIGMA])
    kept: FloatArray = dots[~np.tril(near, -1).any(axis=1)]
    return kept
