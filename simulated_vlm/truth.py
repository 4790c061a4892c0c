"""What is true of a session: where every keypoint lies in every view."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.vlm.facts import CandidateFacts

REACH = 5.0
"""A candidate within so many pixels of a true position is that keypoint's dot."""

SAMPLE = Path(__file__).parents[1] / "sample_data/six_view_mouse"


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth about one session.

    Parameters
    ----------
    cameras : tuple of str
    skeleton : Skeleton
    xy : ndarray, shape (F, C, K, 2)
        Pixels of the original frames; NaN outside the picture. Frame ``i`` is row ``i``.
    """

    cameras: tuple[str, ...]
    skeleton: Skeleton
    xy: NDArray[np.float64]

    @property
    def n_frames(self) -> int:
        """Frames of the session."""
        return len(self.xy)

    def numbers(
        self, frame: int, camera: str, candidates: list[CandidateFacts]
    ) -> dict[str, int]:  # fmt: skip
        """Return the number of every keypoint's candidate in a view, 0 where it has none.

        Where two dots flow into one, it belongs to the nearer keypoint.
        """
        numbers = dict.fromkeys(self.skeleton.keypoints, 0)
        dots = np.array([(c.x, c.y) for c in candidates]).reshape(-1, 2)
        distance = np.linalg.norm(self.position(frame, camera)[:, None] - dots, axis=-1)
        distance[~(distance < REACH)] = np.inf
        while np.isfinite(distance).any():
            keypoint, dot = np.unravel_index(distance.argmin(), distance.shape)
            numbers[self.skeleton.keypoints[keypoint]] = candidates[dot].number
            distance[keypoint], distance[:, dot] = np.inf, np.inf
        return numbers

    def position(self, frame: int, camera: str) -> NDArray[np.float64]:
        """Where the keypoints lie in a view, shape (K, 2)."""
        positions: NDArray[np.float64] = self.xy[frame, self.cameras.index(camera)]
        return positions


def sample_truth(folder: Path = SAMPLE) -> Truth:
    """Truth of the sample session that ships with the repository."""
    from napari_behaviorvlm.io.calibration import read_calibration
    from napari_behaviorvlm.io.skeleton import read_skeleton

    rig = read_calibration(folder / "calibration.toml")
    with np.load(folder / "truth.npz") as arrays:
        xy = arrays["projections"]
    return Truth(tuple(c.name for c in rig), read_skeleton(folder / "skeleton.toml"), xy)
