"""Pictures of drawn mice whose behaviour is known."""

import cv2
import numpy as np

from napari_behaviorvlm.core.body_tracks import BodyTracks

SIZE = (160, 120)
LENGTH = 30.0
FPS = 30.0
KINDS = ("rest", "walk", "groom")


def acted(seed=0, bouts=9, length=40, n=1):
    """Bodies (frames, n), truth (frames, n): rest, walk in circles, groom (the head shakes)."""
    chance = np.random.default_rng(seed)
    frames = bouts * length
    truth = np.stack(
        [
            np.repeat(np.concatenate([chance.permutation(3) for _ in range(bouts // 3)]), length)
            for _ in range(n)
        ],
        axis=1,
    )
    phase = np.cumsum(np.where(truth == 1, 60 / FPS / 22, 0.0), axis=0)
    middle = (
        np.array([[40 + 80 * (i / max(n - 1, 1)), 60] for i in range(n)])
        if n > 1
        else (np.array([[80.0, 60.0]]))
    )
    centre = middle + 22 * np.stack([np.cos(phase), np.sin(phase)], axis=-1)
    heading = phase + np.pi / 2
    return _bodies(centre, heading, frames, n), truth


def _bodies(centre, heading, frames, n):
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * LENGTH / 2
    return BodyTracks(
        tuple(f"A{i}" for i in range(n)), FPS, centre, centre + ahead, centre - ahead,
        np.full((frames, n), 12.0), np.full((frames, n), 280.0), np.zeros((frames, n), bool),
    )  # fmt: skip


def pictures(bodies, truth, seed=0):
    """Dark mice with a bright nose on noisy bright ground, shape (frames, height, width)."""
    chance = np.random.default_rng(seed)
    ground = np.full((SIZE[1], SIZE[0]), 200, np.uint8)
    out = np.empty((len(bodies), SIZE[1], SIZE[0]), np.uint8)
    for t in range(len(bodies)):
        picture = ground.copy()
        for i in range(len(bodies.animals)):
            if np.isfinite(bodies.centre[t, i]).all():
                _draw(picture, bodies, truth, t, i)
        out[t] = np.clip(picture + chance.normal(0, 2, picture.shape), 0, 255)
    return out


def _draw(picture, bodies, truth, t, i):
    centre, angle = bodies.centre[t, i], bodies.heading[t, i]
    place = tuple(np.round(centre * 8).astype(int).tolist())
    axes = (round(LENGTH * 4), 6 * 8)
    cv2.ellipse(picture, place, axes, float(np.degrees(angle)), 0, 360, 50, -1, cv2.LINE_AA, 3)
    shake = 0.5 * np.sin(t * 1.9) if truth[t, i] == 2 else 0.0
    nose = centre + LENGTH * 0.4 * np.array([np.cos(angle + shake), np.sin(angle + shake)])
    cv2.circle(picture, tuple(np.round(nose * 8).astype(int).tolist()), 40, 80, -1, cv2.LINE_AA, 3)
