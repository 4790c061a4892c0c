"""Three mice as outlines with known behaviour, without pictures: to tune and to compare words.

A plain simulation of its own, not the sample: thresholds that are tuned here can be judged there.
"""

import numpy as np

from napari_behaviorvlm.core.body_tracks import BodyTracks

BEHAVIORS = ("rest", "walk", "run", "rear", "groom", "approach", "chase", "huddle")
LENGTH, FPS, SIDE = 40.0, 30.0, 12.0
SPEED = {"walk": (0.8, 1.8), "run": (3.0, 5.0), "approach": (1.0, 2.0), "chase": (2.0, 4.0)}


def simulate(seconds, seed, n=3, noise=0.02):
    """Return bodies and truth (frames, animals); lengths inside are body lengths.

    Parameters
    ----------
    seconds : float
    seed : int
    n : int
        Animals.
    noise : float
        Standard deviation of head, middle and rear, body lengths.
    """
    chance = np.random.default_rng(seed)
    frames = round(seconds * FPS)
    at, angle = chance.uniform(2, SIDE - 2, (n, 2)), chance.uniform(-np.pi, np.pi, n)
    state, left, aim, pace = ["rest"] * n, np.zeros(n, int), np.zeros(n, int), np.zeros(n)
    centre, heading, length = np.zeros((frames, n, 2)), np.zeros((frames, n)), np.ones((frames, n))
    truth = np.zeros((frames, n), np.int64)
    for t in range(frames):
        for i in range(n):
            if left[i] <= 0:
                _begin(i, state, left, aim, pace, at, chance)
        for i in range(n):
            _step(i, state, left, aim, pace, at, angle, chance)
            left[i] -= 1
            truth[t, i] = BEHAVIORS.index(state[i])
            wobble = 0.25 * np.sin(2 * np.pi * 5 * t / FPS) if state[i] == "groom" else 0.0
            centre[t, i], heading[t, i] = at[i], angle[i] + wobble
            length[t, i] = {"rear": 0.6, "groom": 0.85, "huddle": 0.9}.get(state[i], 1.0)
            length[t, i] *= 1 + (0.08 if state[i] in SPEED else 0)
    return _bodies(centre, heading, length, noise, chance), truth


def _begin(i, state, left, aim, pace, at, chance):
    kind = str(chance.choice(BEHAVIORS))
    gaps = np.linalg.norm(at - at[i], axis=1)
    gaps[i] = np.inf
    other = int(np.argmin(gaps))
    if (kind == "approach" and gaps[other] < 3.5) or (kind == "chase" and gaps[other] > 3):
        kind = "walk"
    if kind == "huddle" and gaps[other] > 1.2:
        kind = "approach" if gaps[other] > 3.5 else "rest"
    state[i], aim[i], left[i] = kind, other, round(chance.uniform(1.5, 5) * FPS)
    pace[i] = chance.uniform(*SPEED[kind]) if kind in SPEED else 0
    if kind == "chase":  # whoever is chased runs as long
        state[other], left[other], pace[other] = "run", left[i], pace[i]
        aim[other] = i
    if kind == "huddle":
        at[i] += (at[other] - at[i]) * max(0, 1 - 0.45 / max(gaps[other], 1e-6))
        if state[other] not in {"chase", "run"}:
            state[other], left[other], aim[other] = "huddle", left[i], i


def _step(i, state, left, aim, pace, at, angle, chance):
    kind = state[i]
    if kind in {"approach", "chase"}:
        way = at[aim[i]] - at[i]
        angle[i] = np.arctan2(way[1], way[0])
        if kind == "approach" and np.linalg.norm(way) < 1.0:
            left[i] = 0
            return
        if kind == "chase" and np.linalg.norm(way) < 1.0:
            return
    elif kind in {"walk", "run"}:
        angle[i] += chance.normal(0, 0.08)
        middle = SIDE / 2 - at[i]
        if np.abs(middle).max() > SIDE / 2 - 1.5:
            turn = np.arctan2(middle[1], middle[0]) - angle[i]
            angle[i] += 0.12 * np.sign(np.sin(turn))
    elif kind in {"rest", "huddle", "rear"}:
        angle[i] += chance.normal(0, 0.004)
    way = np.array([np.cos(angle[i]), np.sin(angle[i])])
    at[i] = np.clip(at[i] + way * pace[i] / FPS, 0, SIDE)


def _bodies(centre, heading, length, noise, chance):
    half = np.stack([np.cos(heading), np.sin(heading)], -1) * length[..., None] / 2
    parts = [LENGTH * (p + chance.normal(0, noise, centre.shape))
             for p in (centre, centre + half, centre - half)]  # fmt: skip
    gaps = np.linalg.norm(centre[:, :, None] - centre[:, None], axis=-1)
    touching = ((gaps < 0.6) & (gaps > 0)).any(axis=2)
    width = np.full(length.shape, 0.45 * LENGTH)
    names = tuple(f"A{i}" for i in range(length.shape[1]))
    return BodyTracks(names, FPS, *parts, width, width * length * LENGTH * 0.8, touching)
