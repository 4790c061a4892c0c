"""What the scene looks like without animals, and what tells an animal from it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.settings import FollowSettings
from napari_behaviorvlm.core.errors import VideoError

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]

_LEAST_CONTRAST = 10.0
"""Grey levels: what differs less is compression and noise."""
_OPACITY = 0.4
"""Share of the way from background to animal at which a pixel is animal: shadows are below."""
_BLIND = 0.2
"""Share of the best contrast below which animals cannot be told from what is behind them."""
_LIKE_ANIMAL = 0.75
"""Share of the way from background to animal at which a place is an animal's for certain."""
_RARE = 0.25
"""Share of the time up to which a place is visited rarely."""
_SAME_LIGHT = 0.01
_DARKER, _BRIGHTER = 0.6, 1.6
"""Changes of the whole picture's brightness beyond which nothing is said about animals."""


@dataclass(frozen=True, eq=False)
class Background:
    """The empty scene.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width)
        Without animals.
    dark : bool
        Animals are darker than it.
    limit : ndarray of uint8, shape (height, width)
        Difference from the picture above which a pixel is animal.
    animal : float
        Usual brightness of animals.
    """

    picture: Picture
    dark: bool
    limit: Picture
    animal: float

    @property
    def blind(self) -> NDArray[np.bool_]:
        """Where an animal cannot be told from what is behind it, shape (height, width)."""
        return np.asarray(self.limit == 255)

    def without_islands(self, least: float) -> "Background":
        """Make places blind where less than `least` px are seen between blind ones.

        Such islands are no ground for animals, but show reflections of them.
        """
        seen = np.asarray(~self.blind, np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=4)
        island = stats[:, cv2.CC_STAT_AREA] < least
        limit = np.where(island[labels] & (seen > 0), 255, self.limit)
        return replace(self, limit=np.asarray(limit, np.uint8))

    def gain(self, picture: Picture) -> float:
        """Brightness of the scene relative to the background's."""
        seen = picture[::6, ::6].astype(np.float32)
        usual = self.picture[::6, ::6].astype(np.float32)
        lit = usual > min(16.0, float(np.median(usual)) / 2)
        if not lit.any():
            return 1.0
        return float(np.median(seen[lit] / usual[lit]))

    def lit(self, gain: float) -> bool:
        """Whether the light is as usual, so that differences mean animals."""
        return _DARKER < gain < _BRIGHTER


def learn(stack: Picture, settings: FollowSettings) -> Background:
    """Learn the empty scene from frames spread over a recording.

    A place is empty where animals are not: for dark animals that is what it looks like at its
    brightest, leaving out the brightest frames (`FollowSettings.usual_share`). A median would
    take an animal that sleeps in one place for most of the time for background.

    Parameters
    ----------
    stack : ndarray of uint8, shape (n, height, width)
        The frames.
    settings : FollowSettings
        Sign of animals, if given.

    Raises
    ------
    VideoError
        If nothing moves, so that no animal can be told from the background.
    """
    if len(stack) < 2:
        raise VideoError(
            "One frame does not tell animals from background: give a longer recording, or poses."
        )
    steady = _evened(stack)
    ranked = _ranked(steady)
    middle = _at(ranked, 0.5)
    noise = float(np.median(_at(ranked, 0.75) - _at(ranked, 0.25))) / 1.349
    least = max(_LEAST_CONTRAST, 6 * noise)
    low, high = _at(ranked, settings.usual_share), _at(ranked, 1 - settings.usual_share)
    shade = settings.shade if settings.shade != "auto" else _shade(steady, middle, least)
    empty = high if shade == "dark" else low
    animal = _animal(steady, empty, least, dark=shade == "dark")
    empty = _corrected(empty, middle, animal, least)
    contrast = (empty - animal) if shade == "dark" else (animal - empty)
    # Dark animals cannot be told from a dark wall, only from its reflections of them.
    told = contrast > max(2 * least, _BLIND * float(np.percentile(contrast, 98)))
    limit = np.where(told, np.maximum(_OPACITY * contrast, 0.8 * least), 255)
    return Background(
        _bytes(empty), shade == "dark", _bytes(np.clip(limit, 0, 255)), animal
    )  # fmt: skip


def _bytes(values: FloatArray) -> Picture:
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)


def _evened(stack: Picture) -> Picture:
    """Frames in the usual light, scaled to one brightness."""
    few = stack[:, ::6, ::6].reshape(len(stack), -1).astype(np.float32)
    level = np.median(few, axis=1)
    usual = np.median(level)
    lit = (level >= _DARKER * usual) & (level <= _BRIGHTER * usual)
    few, kept = few[lit], stack[lit]
    middle = np.median(few, axis=0)
    bright = middle > min(16.0, float(np.median(middle)) / 2)
    if not bright.any():
        return kept
    gain = np.median(few[:, bright] / middle[bright], axis=1)
    if np.abs(gain - 1).max() < _SAME_LIGHT:
        return kept
    return np.stack(
        [np.asarray(cv2.convertScaleAbs(p, alpha=1 / g), np.uint8)
         for p, g in zip(kept, gain, strict=True)]
    )  # fmt: skip


def _ranked(stack: Picture) -> Picture:
    """Values of every pixel from dark to bright, shape (height, width, n)."""
    return np.sort(np.ascontiguousarray(np.moveaxis(stack, 0, -1)), axis=-1)


def _at(ranked: Picture, share: float) -> FloatArray:
    return np.asarray(ranked[..., round(share * (ranked.shape[-1] - 1))], np.float64)


def _shade(steady: Picture, middle: FloatArray, least: float) -> str:
    """Whether animals are darker or brighter than the places that they visit.

    In how many frames the one is more than the other, counted in places that are visited rarely
    only: where an animal sleeps, its leaving looks like a visit of the opposite shade. Frames and
    not pixels are counted, as a person who walks by is large but soon gone.
    """
    every = max(1, len(steady) // 48)
    few = steady[::every].astype(np.float32)
    darker, brighter = middle - few > 2 * least, few - middle > 2 * least
    counts = []
    for changed in (darker, brighter):
        rare = changed.mean(axis=0) < _RARE
        counts.append((changed & rare).sum(axis=(1, 2)))
    return "bright" if (counts[1] > counts[0]).sum() > (counts[0] > counts[1]).sum() else "dark"


def _corrected(empty: FloatArray, middle: FloatArray, animal: float, least: float) -> FloatArray:
    """Take the median where a lasting difference does not look like an animal.

    A place may have been brighter for some frames because somebody walked by: what is there
    nearly always, and has not the animals' brightness, is the background.
    """
    usual = (empty - middle) / np.where(empty == animal, 1.0, empty - animal)
    lasting = np.abs(empty - middle) > 0.8 * least
    return np.where(lasting & (usual < _LIKE_ANIMAL), middle, empty)


def _animal(steady: Picture, empty: FloatArray, least: float, *, dark: bool) -> float:
    """Usual brightness of animals: of what differs strongly from the empty scene."""
    every = max(1, len(steady) // 32)
    few = steady[::every].astype(np.float32)
    difference = (empty - few) if dark else (few - empty)
    strong = difference > least
    if not strong.any():
        raise VideoError(
            f"No animal is seen: nothing moves in {len(steady)} frames spread over the recording."
        )
    strongest = strong & (difference > _between(difference[strong]))
    return float(np.median(few[strongest if strongest.any() else strong]))


def _between(values: FloatArray) -> float:
    """Threshold that parts values best into two groups (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(middles[int(np.nanargmax(np.where(above > 0, spread, -1.0)))])
