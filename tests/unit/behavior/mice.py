"""Recordings of points that are mice, with known behaviour, for tests and benchmarks of words."""

import numpy as np

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips

LENGTH = 40.0
FPS = 30.0


def bodies_of(centre, heading, length=LENGTH, animals=None, touching=None):
    """Bodies from middles (F, A, 2), headings in radians (F, A) and lengths (F, A)."""
    centre, heading = np.asarray(centre, float), np.asarray(heading, float)
    half = np.broadcast_to(np.asarray(length, float), heading.shape)[..., None] / 2
    way = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    frames, n = heading.shape
    area = np.where(np.isfinite(centre[..., 0]), LENGTH * 18.0, np.nan)
    return BodyTracks(
        tuple(animals or (f"A{i}" for i in range(n))), FPS, centre, centre + half * way,
        centre - half * way, np.full((frames, n), 18.0), area,
        np.zeros((frames, n), bool) if touching is None else touching,
    )  # fmt: skip


def clips_of(spans, animals=("A0",), n_frames=None, fps=FPS, clusters=None):
    """Clip table from (animal, start, end) rows."""
    table = np.array(spans, np.int64).reshape(-1, 3)
    cluster = np.arange(len(table)) if clusters is None else np.array(clusters)
    stop = int(table[:, 2].max(initial=0)) + 1 if n_frames is None else n_frames
    return Clips(
        tuple(animals), stop, fps, table[:, 0], table[:, 1], table[:, 2],
        cluster.astype(np.int64), np.ones(len(table)),
    )  # fmt: skip


def straight(speed, frames=60, start=(100.0, 100.0), heading=0.0):
    """Middles (F, 2) of an animal that goes straight at `speed` body lengths per second."""
    way = np.array([np.cos(heading), np.sin(heading)]) * speed * LENGTH / FPS
    return np.array(start) + np.arange(frames)[:, None] * way
