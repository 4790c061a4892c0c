"""A small two-camera session in which every status occurs, with pictures that tell frames apart."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.export import ExportSession

WIDTH, HEIGHT = 64, 48
FRAMES = np.array([3, 7, 12], np.int64)
KEYPOINTS = ("nose", "ear_L", "tail base", "paw")


def picture(camera: int, frame: int) -> np.ndarray:
    """RGB noise that no other camera or frame has."""
    return np.random.default_rng(1000 * camera + frame).integers(
        0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8
    )


@pytest.fixture
def make_session(tmp_path: Path) -> Callable[..., ExportSession]:
    names = ("Cam é 1", "cam 2")

    def make(**changes: object) -> ExportSession:
        rig = changes.pop("rig", None) or Rig(
            tuple(
                Camera(
                    name, (WIDTH, HEIGHT), [[50 + i, 0.5, 32], [0, 51, 24], [0, 0, 1]],
                    np.array([-0.2, 0.1, 0.001, -0.002, 0.03]), [0.1 * i, 0.2, 0.3], [1, 2, 300],
                )
                for i, name in enumerate(names)
            ),
            {"error": 0.31},
        )  # fmt: skip
        values = {
            "name": "Mouse 1, día 2",
            "rig": rig,
            "skeleton": Skeleton(KEYPOINTS, (("nose", "ear_L"), ("ear_L", "tail base"))),
            "labels": _labels(),
            "poses": _poses(),
            "flags": {(7, 0): ("error 5 px", "few views")},
            "videos": {name: tmp_path / f"trial{i}.mp4" for i, name in enumerate(rig.names)},
            "read_image": lambda camera, frame: picture(rig.index(camera), frame),
            "fps": 28.6,
            "n_frames": 20,
            "scorer": "Ann",
            "started": datetime(2026, 5, 1, 14, 30, tzinfo=UTC),
        }
        return ExportSession(**{**values, **changes})

    return make


@pytest.fixture
def session(make_session: Callable[..., ExportSession]) -> ExportSession:
    return make_session()


def _labels() -> Labels:
    labels = Labels.empty(FRAMES, 2, len(KEYPOINTS))
    xy = np.random.default_rng(0).uniform(2, 40, labels.xy.shape)
    labels.status[:] = Status.ACCEPTED
    labels.status[0, 1, 0] = Status.CORRECTED
    labels.status[0, 0, 1] = Status.REJECTED
    labels.status[0, 0, 2] = Status.OCCLUDED
    labels.status[0, 1, 2] = Status.OUT_OF_VIEW
    labels.status[0, 1, 3] = Status.OCCLUDED
    labels.status[1, 0, 1] = Status.PROPOSED
    labels.status[1, :, 3] = Status.UNLABELLED
    labels.status[2, 0] = Status.UNLABELLED
    labels.status[2, 1] = Status.PROPOSED
    labels.source[:] = Source.GEOMETRIC
    labels.source[0, 1, 0] = labels.source[0, 0, 2] = Source.HUMAN
    located = np.isin(labels.status, (1, 2, 3, 5))
    labels.xy[located] = xy[located]
    labels.candidate[located] = 4
    labels.confidence[located] = 0.875
    labels.source[labels.status == Status.UNLABELLED] = Source.NONE
    return labels


def _poses() -> Poses:
    k, rng = len(KEYPOINTS), np.random.default_rng(1)
    points = rng.normal(0, 30, (3, k, 3))
    points[1, 3] = np.nan
    return Poses(
        FRAMES, points, rng.uniform(0, 2, (3, k)), rng.uniform(0, 2, (3, 2, k)),
        np.full((3, 2, k), np.nan), np.full((3, k), 2, np.int8),
        np.full((3, k, 3, 3), np.nan, np.float32), np.full((3, k), 0.75, np.float32),
    )  # fmt: skip


def finish(work: Generator[object, None, object]) -> object:
    """Run an export to its end and return the report."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


@pytest.fixture(name="picture")
def picture_fixture() -> Callable[[int, int], np.ndarray]:
    return picture


@pytest.fixture
def run() -> Callable[..., object]:
    return finish
