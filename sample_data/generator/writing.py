"""The files of the session folder."""

import csv
from pathlib import Path

import numpy as np
import tomli_w
from numpy.typing import NDArray
from sample_data.generator.settings import Settings
from sample_data.generator.video import GreyVideoWriter

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.skeleton import Skeleton

Floats = NDArray[np.float64]

REFLECTANCE_CRF = 20.0
# Below 18 x264 begins to spend its bits on the noise: 17 doubles the size.
FLUORESCENCE_CRF = 18.2
SEED_ERROR_PX = 0.3
# A seed is taken from each group of behaviours: a person picks different postures.
SEED_BEHAVIOURS = (("walk", "turn"), ("rear",), ("groom", "rest"))


class SessionVideos:
    """The open video files of a session, two per camera."""

    def __init__(self, folder: Path, rig: Rig, settings: Settings) -> None:
        size = (settings.size, settings.size)
        self._writers = {
            kind: [
                GreyVideoWriter(folder / f"{kind}_{camera.name}.mp4", size, settings.rate, crf)
                for camera in rig
            ]
            for kind, crf in (("reflectance", REFLECTANCE_CRF), ("fluorescence", FLUORESCENCE_CRF))
        }

    def write(self, kind: str, camera: int, image: NDArray[np.uint8]) -> None:
        """Append a picture to the file of one kind and camera."""
        self._writers[kind][camera].write(image)

    def close(self) -> None:
        """Finish all files."""
        for writers in self._writers.values():
            for writer in writers:
                writer.close()


def write_calibration(path: Path, rig: Rig) -> None:
    """Write anipose's calibration.toml."""
    tables: dict[str, dict[str, object]] = {}
    for number, camera in enumerate(rig):
        tables[f"cam_{number}"] = {
            "name": camera.name,
            "size": list(camera.size or ()),
            "matrix": camera.matrix.tolist(),
            "distortions": camera.distortion.tolist(),
            "rotation": camera.rotation.tolist(),
            "translation": camera.translation.tolist(),
        }
    tables["metadata"] = {"adjusted": False, "error": 0.0, "unit": "mm"}
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")


def write_skeleton(path: Path) -> None:
    """Write skeleton.toml of the twelve-point mouse."""
    skeleton = Skeleton.quantum_dot_mouse()
    table = {
        "keypoints": list(skeleton.keypoints),
        "edges": [list(edge) for edge in skeleton.edges],
        "regions": {name: list(group) for name, group in skeleton.regions.items()},
        "symmetric": [list(pair) for pair in skeleton.symmetric],
    }
    path.write_text(tomli_w.dumps(table), encoding="utf-8")


def seed_frames(visible: NDArray[np.bool_], behaviour: NDArray[np.str_]) -> list[int]:
    """Frames a person would label: well seen, one of each group of postures.

    Parameters
    ----------
    visible : ndarray, shape (F, cameras, K)
    behaviour : ndarray, shape (F,)
    """
    views = visible.sum(axis=1)
    score = np.minimum(views, 3).sum(axis=1) + 0.01 * views.sum(axis=1)
    chosen = []
    for group in SEED_BEHAVIOURS:
        allowed = np.flatnonzero(np.isin(behaviour, group))
        if len(allowed):
            chosen.append(int(allowed[np.argmax(score[allowed])]))
    return chosen


def write_seeds(
    path: Path,
    rig: Rig,
    frames: list[int],
    *,
    projections: Floats,
    visible: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """Write seeds.csv: what a careful person clicks; empty where a dot is not seen."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["frame", "camera", "keypoint", "x", "y"])
        for frame in frames:
            for number, camera in enumerate(rig):
                for k, keypoint in enumerate(Skeleton.quantum_dot_mouse().keypoints):
                    error = np.clip(rng.normal(0, SEED_ERROR_PX, 2), -0.9, 0.9)
                    x, y = np.round(projections[frame, number, k] + error, 1)
                    seen = visible[frame, number, k]
                    place = [f"{x:.1f}", f"{y:.1f}"] if seen else ["", ""]
                    table.writerow([frame, camera.name, keypoint, *place])
