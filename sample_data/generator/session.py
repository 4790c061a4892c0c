"""The whole session: every frame through every camera, with its truth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_data.generator.anatomy import body, rest_body
from sample_data.generator.cameras import make_rig, project
from sample_data.generator.dots import KEYPOINTS, glow, place_dots
from sample_data.generator.field import Field, make_field
from sample_data.generator.fluorescence import FluorescenceCamera, missed_dots
from sample_data.generator.motion import make_motion
from sample_data.generator.reflectance import ReflectanceCamera
from sample_data.generator.settings import Settings

Floats = NDArray[np.float64]

REST_FRAME = 12


@dataclass(frozen=True)
class Pictures:
    """One camera's pictures of one frame, (height, width), with the dots' levels, (12,)."""

    reflectance: NDArray[np.uint8]
    fluorescence: NDArray[np.uint8]
    level: Floats
    visible: NDArray[np.bool_]


@dataclass(frozen=True)
class FrameTruth:
    """Truth of one frame.

    Parameters
    ----------
    points : ndarray, shape (12, 3)
        mm.
    projections : ndarray, shape (cameras, 12, 2)
        Pixels, with distortion.
    behaviour : str
    """

    points: Floats
    projections: Floats
    behaviour: str


class Session:
    """Draws the session frame by frame.

    Parameters
    ----------
    settings : Settings
    threads : int
        Cameras drawn at once; the pictures do not depend on it.
    """

    def __init__(self, settings: Settings, threads: int = 1) -> None:
        self.settings = settings
        self.rig = make_rig(settings)
        self.motion = make_motion(float(settings.rate))
        self.rest = rest_body(body(self.motion, REST_FRAME))
        seed = settings.seed
        cameras = list(enumerate(self.rig))
        self.reflectance = [ReflectanceCamera(c, [seed, 2, n]) for n, c in cameras]
        self.fluorescence = [FluorescenceCamera(c, [seed, 3, n]) for n, c in cameras]
        self.factor = missed_dots([seed, 4], len(cameras))
        self._pool = ThreadPoolExecutor(threads)

    def field(self, frame: int) -> Field:
        """Surface of the animal in a frame of the script."""
        return make_field(body(self.motion, frame), self.rest)

    def truth(self, frame: int, field: Field) -> tuple[FrameTruth, Floats]:
        """Truth of a frame and the skin's outward directions at the dots, shape (12, 3)."""
        points, normals = place_dots(body(self.motion, frame), field)
        projections = np.stack([project(camera, points) for camera in self.rig])
        return FrameTruth(points, projections, str(self.motion.behaviour[frame])), normals

    def _pictures(self, number: int, frame: int, field: Field, points: Floats, normals: Floats):
        camera = self.rig.cameras[number]
        parts = body(self.motion, frame)
        reflectance, cover = self.reflectance[number].draw(field, parts, frame)
        direct = glow(camera, field, points, normals)
        mirror = glow(camera, field, points, normals, mirrored=True)
        drawn = self.fluorescence[number].draw(
            direct, mirror, self.factor[frame, number], cover, frame
        )
        return Pictures(reflectance, drawn.image, drawn.level, drawn.visible)

    def frames(self) -> Iterator[tuple[FrameTruth, list[Pictures]]]:
        """Yield truth and the pictures of all cameras, frame by frame."""
        first = self.settings.first_frame
        for frame in range(first, first + self.settings.frames):
            field = self.field(frame)
            truth, normals = self.truth(frame, field)
            jobs = [
                self._pool.submit(self._pictures, n, frame, field, truth.points, normals)
                for n in range(len(self.rig))
            ]
            yield truth, [job.result() for job in jobs]


__all__ = ["KEYPOINTS", "FrameTruth", "Pictures", "Session"]
