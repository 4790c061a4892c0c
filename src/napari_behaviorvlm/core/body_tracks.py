"""Where every animal's body lies in every frame, as far as its outline tells.

What following animals by their pixels gives, and what poses are reduced to where only place, size
and direction matter: crops, strips for captions, boxes over a video.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]

BODY_KEYPOINTS = ("nose", "body_center", "tail_base")
"""Names of the points of `BodyTracks.keypoints`."""


@dataclass(frozen=True, eq=False)
class BodyTracks:
    """Bodies of several animals over a stretch of frames, in one picture.

    Parameters
    ----------
    animals : tuple of str
        Names, in the order of the animal axis.
    fps : float
        Frames per second.
    centre : ndarray, shape (frames, animals, 2)
        Middle of the body, px (x right, y down); NaN where the animal is not followed.
    head, rear : ndarray, shape (frames, animals, 2)
        Ends of the body without the tail, px; NaN where unknown.
    width : ndarray, shape (frames, animals)
        Across the body, px.
    area : ndarray, shape (frames, animals)
        Of the outline, px².
    touching : ndarray of bool, shape (frames, animals)
        Where the outline is shared with another animal, so that place and shape are a guess.
    first_frame : int
        Frame number of the first row: long recordings come in pieces.

    Raises
    ------
    TableError
        If shapes and names disagree or the frame rate is not positive.
    """

    animals: tuple[str, ...]
    fps: float
    centre: FloatArray
    head: FloatArray
    rear: FloatArray
    width: FloatArray
    area: FloatArray
    touching: NDArray[np.bool_]
    first_frame: int = 0

    def __post_init__(self) -> None:
        shape = (len(self.centre), len(self.animals))
        for name in _COLUMNS:
            found = getattr(self, name).shape
            expected = (*shape, 2) if name in {"centre", "head", "rear"} else shape
            if found != expected:
                raise TableError(
                    f"Bodies of {shape[1]} animals in {shape[0]} frames cannot have {name!r} of "
                    f"shape {found}: {expected} is needed."
                )
        if not self.fps > 0:
            raise TableError(f"Bodies with a frame rate of {self.fps} per second are impossible.")

    def __len__(self) -> int:
        return len(self.centre)

    @property
    def stop_frame(self) -> int:
        """Frame number after the last row."""
        return self.first_frame + len(self)

    @property
    def tracked(self) -> NDArray[np.bool_]:
        """Where an animal is followed, shape (frames, animals)."""
        return np.asarray(np.isfinite(self.centre).all(axis=-1))

    @property
    def heading(self) -> FloatArray:
        """Direction from rear to head in radians, 0 to the right, growing clockwise on screen."""
        ahead = self.head - self.rear
        return np.asarray(np.arctan2(ahead[..., 1], ahead[..., 0]))

    @property
    def length(self) -> FloatArray:
        """From rear to head, px, shape (frames, animals)."""
        return np.asarray(np.linalg.norm(self.head - self.rear, axis=-1))

    def keypoints(self) -> Tracks:
        """Head, middle and rear as keypoints, for everything that is computed from poses."""
        points = np.stack([self.head, self.centre, self.rear], axis=2)
        return Tracks(self.animals, BODY_KEYPOINTS, self.fps, points, self.first_frame)

    def rows(self, start: int, stop: int) -> Self:
        """Frames ``start`` to ``stop`` (exclusive), counted in rows of this table."""
        parts = {name: getattr(self, name)[start:stop] for name in _COLUMNS}
        return replace(self, **parts, first_frame=self.first_frame + start)

    def every(self, step: int) -> Self:
        """Every `step`-th frame alone, from the first on, as a recording of fewer frames."""
        parts = {name: getattr(self, name)[::step] for name in _COLUMNS}
        return replace(self, **parts, fps=self.fps / step, first_frame=self.first_frame // step)

    def spread_over(self, step: int, n_frames: int) -> Self:
        """Undo `every`: what lies between two frames is interpolated, marks are the nearest's.

        Parameters
        ----------
        step : int
        n_frames : int
            Rows that come out.
        """
        if step == 1 and n_frames == len(self):
            return self
        at = np.minimum(np.arange(n_frames) / step, max(len(self) - 1, 0))
        low = np.floor(at).astype(np.int64)
        high, share = np.minimum(low + 1, len(self) - 1), at - low
        parts: dict[str, Any] = {}
        for name in _COLUMNS:
            column = getattr(self, name)
            if column.dtype == np.bool_:
                parts[name] = column[np.floor(at + 0.5).astype(np.int64)]
                continue
            weight = share.reshape(-1, *(1,) * (column.ndim - 1))
            between = np.where(weight > 0, column[high] * weight, 0.0)
            parts[name] = column[low] * (1 - weight) + between
        return replace(self, **parts, fps=self.fps * step, first_frame=self.first_frame * step)

    def pieces(self, frames: int) -> Iterator[Self]:
        """Hand out stretches of at most `frames` frames, in order."""
        for start in range(0, len(self), frames):
            yield self.rows(start, start + frames)


_COLUMNS = tuple(
    column.name
    for column in fields(BodyTracks)
    if column.name not in {"animals", "fps", "first_frame"}
)
