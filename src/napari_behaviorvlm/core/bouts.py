"""Clips and bouts: stretches of one behaviour of one animal.

A *clip* is a piece of the over-segmentation (1-5 s of one cluster); a *bout* is what a reader is
told: a named stretch that refers to the clips it was made from. Frames count from 0 and both ends
of a stretch are inclusive, as in every table this package writes. ``UNTRACKED`` marks frames in
which an animal was not followed: they belong to no clip and are not "background".
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

UNTRACKED = -1
"""Cluster or clip of a frame in which the animal was not followed."""


@dataclass(frozen=True, slots=True)
class Bout:
    """A named stretch of one animal's behaviour.

    Parameters
    ----------
    animal : str
        Name of the animal.
    start_frame, end_frame : int
        First and last frame; both belong to the bout.
    label, description : str
        A short name ("chasing") and a sentence.
    cluster : int
        Cluster of the clips, ``UNTRACKED`` where they are of several.
    confidence : float
        0..1.
    source : str
        Who said so: "clusters", "measured", "vlm", "human".
    clips : tuple of int
        Rows of the `Clips` table it was made from: merging can be undone.
    id : int
        Number in the store that keeps it, 0 where none does; not compared.
    """

    animal: str
    start_frame: int
    end_frame: int
    label: str = ""
    description: str = ""
    cluster: int = UNTRACKED
    confidence: float = 1.0
    source: str = ""
    clips: tuple[int, ...] = ()
    id: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.start_frame < 0 or self.end_frame < self.start_frame:
            raise TableError(
                f"A bout of {self.animal!r} runs from frame {self.start_frame} to "
                f"{self.end_frame}; a bout must end where it starts or later."
            )

    @property
    def n_frames(self) -> int:
        """Frames it lasts."""
        return self.end_frame - self.start_frame + 1


@dataclass(frozen=True, eq=False)
class Clips:
    """Table of clips, sorted by animal, then by start; the row number is the clip's number.

    Parameters
    ----------
    animals : tuple of str
        Names; ``animal`` indexes them.
    n_frames : int
        Length of the recording in frames.
    fps : float
        Frames per second.
    animal, start, end, cluster : ndarray of int64, shape (clips,)
        Whose, first and last frame (inclusive), and the cluster (0, 1, ...).
    confidence : ndarray of float, shape (clips,)
        0..1, mean membership of the clip's frames in its cluster.

    Raises
    ------
    TableError
        If clips overlap, are out of order, leave the recording or name no animal.
    """

    animals: tuple[str, ...]
    n_frames: int
    fps: float
    animal: IntArray
    start: IntArray
    end: IntArray
    cluster: IntArray
    confidence: FloatArray

    def __post_init__(self) -> None:
        columns = (self.animal, self.start, self.end, self.cluster, self.confidence)
        if len({len(column) for column in columns}) > 1:
            raise TableError("The columns of the clip table differ in length.")
        if not len(self.start):
            return
        if self.animal.min() < 0 or self.animal.max() >= len(self.animals):
            raise TableError("A clip belongs to an animal that the clip table does not name.")
        self._check_frames()

    def _check_frames(self) -> None:
        wrong = (self.start < 0) | (self.end < self.start) | (self.end >= self.n_frames)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise TableError(
                f"Clip {row} runs from frame {self.start[row]} to {self.end[row]}, outside the "
                f"recording of {self.n_frames} frames or backwards."
            )
        step = np.diff(self.animal)
        bad = (step < 0) | ((step == 0) & (self.start[1:] <= self.end[:-1]))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise TableError(f"Clips {row} and {row + 1} overlap or are out of order.")

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> IntArray:
        """Frames of every clip, shape (clips,)."""
        return self.end - self.start + 1

    @property
    def seconds(self) -> FloatArray:
        """Duration of every clip in seconds, shape (clips,)."""
        return np.asarray(self.lengths / self.fps, float)

    def per_frame(self, values: IntArray | None = None) -> IntArray:
        """Spread a column over the frames.

        Parameters
        ----------
        values : ndarray of int, shape (clips,), optional
            What to spread; the clip numbers by default.

        Returns
        -------
        ndarray of int64, shape (frames, animals)
            ``UNTRACKED`` where a frame belongs to no clip.
        """
        values = np.arange(len(self)) if values is None else values
        out = np.full((self.n_frames, len(self.animals)), UNTRACKED, np.int64)
        for animal, start, end, value in zip(
            self.animal, self.start, self.end, values, strict=True
        ):
            out[start : end + 1, animal] = value
        return out

    def bouts(self) -> list[Bout]:
        """One unnamed bout per clip, in the table's order."""
        return [
            Bout(
                animal=self.animals[int(self.animal[row])],
                start_frame=int(self.start[row]),
                end_frame=int(self.end[row]),
                label=f"cluster {int(self.cluster[row])}",
                cluster=int(self.cluster[row]),
                confidence=float(self.confidence[row]),
                source="clusters",
                clips=(row,),
            )
            for row in range(len(self))
        ]
