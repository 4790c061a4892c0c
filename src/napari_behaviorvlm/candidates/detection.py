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
from napari_behaviorvlm.candidates.filters import (
    block_means,
    difference_of_gaussians,
    halved,
    refined,
    repaired,
)
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
from napari_behaviorvlm.candidates.splitting import split
from napari_behaviorvlm.candidates.surroundings import (
    HALF_WINDOW,
    cut_above,
    local_planes,
    median,
    reweighted,
)
from napari_behaviorvlm.core.candidates import Detections
from napari_behaviorvlm.core.errors import VideoError

DETECTOR_VERSION = 1  # raise it when the same picture gives other dots: part of content keys
DOUBTFUL = 0.07  # misfit from which a dot may be two


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
    min_height : float or None
        Least peak height, in grey levels of the picture. None stands for 5 in 8-bit pictures,
        which mostly come from compressed video (H.264 leaves blotches of up to 3 levels), and for
        0 in others.
    largest_misfit : float
        How far a dot may be from a round Gaussian: root mean square of what the fit leaves beyond
        noise, as a share of the height. Edges have 0.35 and more; a dot of sigma 2.5 px smeared
        by motion over 12 px has 0.24.
    max_candidates : int
        Only so many of the strongest dots of a picture are kept.
    """

    smallest_sigma: float = 1.2
    largest_sigma: float = 6.0
    threshold: float = 6.0
    min_height: float | None = None
    largest_misfit: float = 0.3
    max_candidates: int = 100

    def least_height(self, picture: Picture) -> float:
        """Grey levels that a dot of this picture must have."""
        if self.min_height is None:
            return 5.0 if picture.dtype == np.uint8 else 0.0
        return self.min_height

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
        self._half_level = None if background is None else halved(background.level)
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
        noise = pixel_noise(picture)
        hot = lone_pixels(picture, noise)
        if self._hot is not None:
            hot = np.union1d(hot, self._hot)
        ignored.ravel()[hot] = 1
        half = halved(repaired(picture, hot, noise))
        if self._half_level is not None:
            half -= self._half_level
        blocks = block_means(half)
        response = difference_of_gaussians(half, blocks)
        peaks = self._peaks(response, self._least_response(response, picture))
        if not len(peaks):
            return _none()
        windows = self._windows(picture, ignored, blocks, peaks)
        start = _start(windows, 2 * refined(response, peaks) + 0.5)
        return self._measure(windows, start, picture, noise)

    def _least_response(self, response: NDArray[np.float32], picture: Picture) -> float:
        """How high a peak of the difference of Gaussians must be."""
        # White noise of sigma 1 leaves 0.26 in the difference, and halving had halved it before.
        spread = max(
            1.4826 * median(np.abs(response[::7, ::7]).ravel()), 0.13 * noise_floor(picture)
        )
        # A round dot of any sigma allowed by default leaves a quarter of its height or more.
        return max(self.settings.threshold * spread, 0.25 * self.settings.least_height(picture))

    def _peaks(self, response: NDArray[np.float32], limit: float) -> NDArray[np.intp]:
        """Columns and rows of local maxima at half resolution, strongest first, shape (n, 2)."""
        highest = cv2.dilate(response, np.ones((3, 3), dtype=np.uint8)).ravel()
        positions = np.flatnonzero(response > limit)
        heights = response.ravel()[positions]
        top = heights >= highest[positions]
        positions, heights = positions[top], heights[top]
        strongest = np.argsort(-heights, kind="stable")[: 2 * self.settings.max_candidates]
        rows, columns = np.unravel_index(positions[strongest], response.shape)
        return _spaced(np.column_stack([columns, rows]))

    def _windows(
        self,
        picture: Picture,
        ignored: NDArray[np.uint8],
        blocks: NDArray[np.float32],
        peaks: NDArray[np.intp],
    ) -> Windows:
        """Cut windows around peaks (at half resolution) and take the background off."""
        level = None if self.background is None else self.background.level
        return cut_above(picture, ignored, 2 * peaks, local_planes(blocks, peaks), level)

    def _measure(
        self, windows: Windows, start: FloatArray, picture: Picture, noise: float
    ) -> Detections:
        """Fit dots from a first guess and keep what looks like dots."""
        sigmas = self.settings.smallest_sigma / 2, self.settings.largest_sigma * 1.5
        dots = fitting.fit(windows, start, iterations=8, sigma_range=sigmas, tolerance=0.2)
        least_height = self.settings.least_height(picture)
        keep = self._plausible(dots, start) & (dots[:, HEIGHT] >= 0.8 * least_height)
        windows, dots, start = windows.select(keep), dots[keep], start[keep]
        if not len(dots):
            return _none()
        weighted, spread, misfit = reweighted(windows, dots)
        # Near an edge all residuals are large; the picture's noise tells what they should be.
        noise_there = np.minimum(spread, 2 * noise)
        doubtful = _unevenness(dots, noise_there, misfit) > DOUBTFUL
        doubtful &= np.square(misfit) > 2 * np.square(noise_there)
        if doubtful.any():
            narrow = self.settings.smallest_sigma, self.settings.largest_sigma
            windows, dots = split(windows, dots, doubtful, noise_there, narrow)
            weighted, spread, misfit = reweighted(windows, dots)
            start, noise_there = dots, np.minimum(spread, 2 * noise)
        dots = fitting.fit(weighted, dots, iterations=8, sigma_range=sigmas)
        light = dots[:, HEIGHT] * np.exp(dots[:, LOG_SIGMA]) * np.sqrt(np.pi)
        keep = self._plausible(dots, start) & _inside(dots, picture.shape)
        keep &= dots[:, HEIGHT] >= least_height
        keep &= light >= self.settings.threshold * spread
        keep &= _unevenness(dots, noise_there, misfit) <= self.settings.largest_misfit
        return self._strongest(_without_twins(dots[keep]))

    def _plausible(self, dots: FloatArray, start: FloatArray) -> NDArray[np.bool_]:
        """Whether each fit is near its peak and of a dot's size."""
        sigma = np.exp(dots[:, LOG_SIGMA])
        moved = np.abs(dots[:, :2] - start[:, :2]).max(axis=1)
        plausible: NDArray[np.bool_] = (
            np.isfinite(dots).all(axis=1)
            & (sigma >= self.settings.smallest_sigma)
            & (sigma <= self.settings.largest_sigma)
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


def _spaced(peaks: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out peaks within two pixels of a stronger one (flat tops have several)."""
    gaps = np.abs(peaks[:, None] - peaks[None, :]).max(axis=2)
    alone: NDArray[np.bool_] = ~np.tril(gaps <= 2, -1).any(axis=1)
    return np.asarray(peaks[alone])


def _start(windows: Windows, xy: FloatArray) -> FloatArray:
    """First guess: where the peaks are, a usual sigma, the height of the pixels in the middle."""
    start = np.zeros((len(xy), 5))
    start[:, :2] = xy
    middle = slice(HALF_WINDOW - 1, HALF_WINDOW + 3)
    start[:, HEIGHT] = np.maximum(windows.values[:, middle, middle].mean(axis=(1, 2)), 1e-3)
    start[:, LOG_SIGMA] = np.log(2.5)
    return start


def _unevenness(dots: FloatArray, noise: FloatArray, misfit: FloatArray) -> FloatArray:
    """How far dots are from round Gaussians: residuals beyond noise, as a share of the height."""
    beyond = np.maximum(np.square(misfit) - np.square(noise), 0)
    return np.asarray(np.sqrt(beyond) / dots[:, HEIGHT])


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
