"""The empty scene and the scale at which animals are looked at closely."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.background import Background, learn
from napari_behaviorvlm.behavior.animals.pictures import Reduction, Spread
from napari_behaviorvlm.behavior.animals.settings import FollowSettings
from napari_behaviorvlm.behavior.crops import BODY_SHARE, usual_lengths
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.errors import VideoError

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]

LONGEST = 720
"""Longer side, px, of the pictures that the empty scene is learned from."""


@dataclass(frozen=True, eq=False)
class Backdrop:
    """How frames are brought to the crops' scale, and what they show without animals.

    Parameters
    ----------
    reduction : Reduction
        From frames to working pictures.
    empty : Background or None
        None where it could not be learned; outlines are unknown then.
    lengths : ndarray, shape (animals,)
        Usual length of every animal, working px.
    """

    reduction: Reduction
    empty: Background | None
    lengths: FloatArray

    @classmethod
    def learn(
        cls,
        sample: Iterable[tuple[int, Picture]],
        bodies: BodyTracks,
        size: int,
        settings: FollowSettings | None = None,
    ) -> Self:
        """Learn the empty scene from frames spread over a recording.

        Parameters
        ----------
        sample : iterable of (int, ndarray of uint8)
            A pass over such frames.
        bodies : BodyTracks
            Of the recording: their lengths say at which scale to look.
        size : int
            Side of a crop, px.
        settings : FollowSettings, optional
            Whether animals are darker or brighter, and how many frames are enough.

        Raises
        ------
        VideoError
            If there is no frame.
        """
        settings = settings or FollowSettings()
        spread = Spread(settings.background_frames, LONGEST)
        for _, pictures in sample:
            spread.add(pictures)
        stack = spread.stack
        reduction = spread.reduction
        assert reduction is not None
        lengths = usual_lengths(bodies)
        usual = float(np.nanmedian(lengths)) if np.isfinite(lengths).any() else 1.0
        share = BODY_SHARE * size / max(usual * reduction.scale, 1e-6)
        if share < 1:
            larger, reduction = reduction, reduction.smaller(share)
            stack = np.stack([reduction.shrink(picture, larger) for picture in stack])
        try:
            empty = learn(stack, settings)
        except VideoError:  # nothing moves, or one frame only
            empty = None
        return cls(reduction, empty, lengths * reduction.scale)

    def places(self, points: FloatArray) -> FloatArray:
        """Points of the frame in working px."""
        return self.reduction.to_working(points)
