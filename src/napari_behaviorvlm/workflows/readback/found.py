"""What one file of an export says, on the axes of the session."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession


@dataclass(eq=False)
class Found:
    """What one file says, on the axes of the session.

    Parameters
    ----------
    file : str
    xy : ndarray, shape (F, C, K, 2), or None
        None where the file holds no positions in the views.
    points : ndarray, shape (F, K, 3), or None
        None where it holds no 3D points.
    occluded : ndarray of int8, shape (F, C, K), or None
        1 where the file calls a keypoint occluded, 0 where it does not, -1 where it lacks the view;
        None where it cannot say it.
    """

    file: str
    xy: NDArray[np.float64] | None = None
    points: NDArray[np.float64] | None = None
    occluded: NDArray[np.int8] | None = None


Reader = Callable[[Path, ExportSession], Iterator[Found]]
"""Reads an export's folder; raises ExportError where it is not as it should be."""


class Cells:
    """Puts values that are named by frame, camera and keypoint onto the session's axes."""

    def __init__(self, session: ExportSession, file: str) -> None:
        self._session, self.file = session, file
        self._cameras = {name: at for at, name in enumerate(session.rig.names)}
        self._keypoints = {name: at for at, name in enumerate(session.skeleton.keypoints)}

    def empty(self) -> NDArray[np.float64]:
        """No position in any view, shape (F, C, K, 2)."""
        return np.full((*self._session.labels.status.shape, 2), np.nan)

    def no_words(self) -> NDArray[np.int8]:
        """No view, shape (F, C, K): see `Found.occluded`."""
        return np.full(self._session.labels.status.shape, -1, np.int8)

    def no_points(self) -> NDArray[np.float64]:
        """No 3D point, shape (F, K, 3)."""
        shape = self._session.labels.status.shape
        return np.full((shape[0], shape[2], 3), np.nan)

    def rows(self, frames: Any) -> NDArray[np.intp]:
        """Rows of frame numbers."""
        wanted, known = np.asarray(frames, np.int64), self._session.labels.frames
        rows = np.searchsorted(known, wanted).clip(max=len(known) - 1)
        if (known[rows] != wanted).any():
            frame = int(wanted[known[rows] != wanted][0])
            raise ExportError(f"{self.file} has frame {frame}, which was not selected.")
        return rows

    def cameras(self, names: Any) -> NDArray[np.intp]:
        """Positions of camera names."""
        return self._positions(names, self._cameras, "camera")

    def keypoints(self, names: Any) -> NDArray[np.intp]:
        """Positions of keypoint names."""
        return self._positions(names, self._keypoints, "keypoint")

    def _positions(self, names: Any, known: dict[str, int], what: str) -> NDArray[np.intp]:
        words, inverse = np.unique(np.asarray(names, dtype=str), return_inverse=True)
        unknown = [word for word in words.tolist() if word not in known]
        if unknown:
            raise ExportError(f"{self.file} has the unknown {what} {unknown[0]!r}.")
        return np.array([known[word] for word in words.tolist()], np.intp)[inverse]
