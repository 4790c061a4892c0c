"""Movement within an animal's crop, from optical flow.

References
----------
Kroeger, Timofte, Dai, Van Gool (2016): Fast optical flow using dense inverse search. ECCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Picture = NDArray[np.uint8]

PARTS = ("head", "middle", "rear")
MOTION_NAMES = (
    "forward", "aside", "turn", *(f"energy_{p}" for p in PARTS), *(f"change_{p}" for p in PARTS)
)  # fmt: skip


class Flow:
    """Optical flow between two crops of the same place.

    Parameters
    ----------
    size : int
        Side of the crops, px.
    """

    def __init__(self, size: int) -> None:
        self._find = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._find.setFinestScale(0)
        self._find.setPatchSize(8)
        self._find.setPatchStride(6)
        step = np.arange(size, dtype=np.float32) - (size - 1) / 2
        self._right, self._down = np.meshgrid(step, step)
        third = np.linspace(0.25 * size, 0.75 * size, 4)
        rows = np.arange(size)
        self._parts = [
            np.asarray((rows >= low) & (rows < high))
            for low, high in zip((0, *third[1:3]), (*third[1:3], size), strict=True)
        ]

    def measure(
        self, before: Picture, now: Picture, mask: BoolArray, body: float, fps: float
    ) -> FloatArray:
        """Measure what moved inside of an outline.

        Parameters
        ----------
        before, now : ndarray of uint8, shape (size, size)
            The same part of two successive pictures, turned with the animal's head up.
        mask : ndarray of bool, shape (size, size)
            Where the animal is now.
        body : float
            Its length, px of the crop.
        fps : float
            Frames per second.

        Returns
        -------
        ndarray of float32, shape (features,)
            Columns as `MOTION_NAMES`. Velocities of the whole in body lengths (radians) per
            second; energy of head, middle and rear is what is left of the flow without the whole's
            movement, root mean square, body lengths per second; change is the mean difference of
            brightness per second, of 255.
        """
        flow = self._find.calc(before, now, None)
        inside = mask.astype(np.float32)
        area = max(float(inside.sum()), 1.0)
        u, v = flow[..., 0] * inside, flow[..., 1] * inside
        right, down = float(u.sum()) / area, float(v.sum()) / area
        x, y = self._right, self._down
        moment = max(float(((x * x + y * y) * inside).sum()), 1.0)
        turn = float((x * v - y * u).sum()) / moment
        rest = (flow[..., 0] - right + turn * y) ** 2 + (flow[..., 1] - down - turn * x) ** 2
        rest *= inside
        change = cv2.absdiff(before, now) * inside
        energies, changes = [], []
        for rows in self._parts:
            amount = max(float(inside[rows].sum()), 1.0)
            energies.append(np.sqrt(float(rest[rows].sum()) / amount) * fps / body)
            changes.append(float(change[rows].sum()) / amount * fps / 255)
        return np.array(
            [-down * fps / body, right * fps / body, turn * fps, *energies, *changes], np.float32
        )
