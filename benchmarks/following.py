"""Animals followed by their pixels, against truth: who is who, where, which way, how fast.

    python benchmarks/following.py --mabe FOLDER            # the real three mice, their own poses
    python benchmarks/following.py --sample sample_data/three_mice
    python benchmarks/following.py --video FILE --poses FILE --animals N
    python benchmarks/following.py --synthetic 5            # drawn mice that meet, five seeds

--pictures OUT draws frames of contacts and of disagreements with both, to be looked at.
"""

import argparse
import resource
import time
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np

from napari_behaviorvlm.behavior.animals import FollowSettings, bodies_of, follow
from napari_behaviorvlm.behavior.animals.sources import frames_of
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.video import open_video

SWITCH = 8.0
"""Body lengths of error that a switch must spare, so that jitter in a heap is none."""
COLOURS = ((60, 60, 255), (60, 220, 60), (255, 120, 40), (0, 220, 255), (255, 60, 255))


def matched(found, truth, length):
    """Order of animals per frame (cheapest path over all orders) and the switches in it."""
    frames = min(len(found), len(truth))
    n_true, n_found = truth.centre.shape[1], found.centre.shape[1]
    gaps = found.centre[:frames, None] - truth.centre[:frames, :, None]
    gaps = np.linalg.norm(gaps, axis=-1) / length
    orders = list(permutations(range(n_found), n_true))
    cost = np.stack(
        [np.nan_to_num(gaps[:, range(n_true), order]).clip(max=3).sum(1) for order in orders], 1
    )
    stay = SWITCH * (1 - np.eye(len(orders)))
    total, came = cost[0], []
    for row in cost[1:]:
        way = total[None] + stay
        came.append(way.argmin(1))
        total = way.min(1) + row
    path = [int(total.argmin())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    path = np.array(path[::-1])
    return np.array(orders)[path], np.flatnonzero(np.diff(path)) + 1


def contacts(bodies):
    """Count stretches in which an animal touches another, pauses under 10 frames counted in."""
    count = 0
    for column in bodies.touching.T:
        rows = np.flatnonzero(column)
        count += bool(len(rows)) + int((np.diff(rows) > 10).sum())
    return count


def judge(name, found, truth, seconds, processor):
    """Print one row of the table."""
    frames = min(len(found), len(truth))
    length = float(np.nanmedian(truth.length))
    order, switches = matched(found, truth, length)
    rows = np.arange(frames)[:, None]
    here = truth.tracked[:frames]
    centre = found.centre[rows, order]
    error = np.linalg.norm(centre - truth.centre[:frames], axis=-1) / length
    ahead = found.head - found.rear
    ahead, expected = ahead[rows, order], (truth.head - truth.rear)[:frames]
    known = np.isfinite(ahead).all(-1) & np.isfinite(expected).all(-1) & here
    right = (ahead * expected).sum(-1) > 0
    alone = known & ~found.touching[:frames][rows, order]
    span = frames / truth.fps
    print(
        f"{name:24s} {len(switches):3d}/{contacts(found):<3d} "
        f"{100 * np.isfinite(error[here]).mean():6.1f} "
        f"{np.nanmedian(error[here]):6.2f} {np.nanpercentile(error[here], 95):6.2f} "
        f"{100 * (error[here] > 1).mean():6.2f} "
        f"{100 * right[alone].mean():7.1f} {100 * right[known].mean():7.1f} "
        f"{100 * alone.sum() / max(known.sum(), 1):6.1f} "
        f"{frames / seconds:7.0f} {span / seconds:6.1f} {span / processor:6.1f}",
        flush=True,
    )
    for at in switches:
        print(f"    switch in frame {at}: {order[at - 1].tolist()} -> {order[at].tolist()}")
    return order, switches


def header():
    print(
        f"{'recording':24s} {'switch':>7s} {'seen %':>6s} {'median':>6s} {'95 %':>6s} "
        f"{'off %':>6s} {'head %':>7s} {'all %':>7s} {'alone%':>6s} "
        f"{'fps':>7s} {'x':>6s} {'x cpu':>6s}"
    )
    print("  switch: identity switches/contacts; median, 95 %: error of the centre, body lengths;")
    print(
        "  off: frames more than one length away; head: right direction where alone, all: anywhere"
    )
    print("  x: times faster than the recording, decoding included; x cpu: the same by CPU seconds")


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def followed(source, n_animals, settings, sample=None):
    start, used = time.perf_counter(), time.process_time()
    bodies = finished(follow(source, n_animals, settings, sample=sample))
    return bodies, time.perf_counter() - start, time.process_time() - used


def on_video(name, video, truth, pictures):
    with open_video(video) as reader:
        settings = FollowSettings(fps=truth.fps, n_frames=reader.n_frames)
        step = max(1, reader.n_frames // settings.background_frames)
        found, seconds, processor = followed(
            frames_of(reader), len(truth.animals), settings, frames_of(reader, step=step)
        )
        order, switches = judge(name, found, truth, seconds, processor)
        if pictures:
            draw(reader, found, truth, order, switches, pictures, name)


def draw(reader, found, truth, order, switches, folder, name):
    """Draw twelve frames: around switches, and in contacts spread over the recording."""
    frames = np.flatnonzero(found.touching.any(1)[: len(order)])
    if not len(frames):
        frames = np.arange(len(order))
    shown = [int(s + d) for s in switches[:2] for d in (-15, 15)]
    shown += frames[np.linspace(0, len(frames) - 1, 12 - len(shown)).astype(int)].tolist()
    tiles = [tile(reader.read(f), found, truth, f) for f in sorted(shown) if f < len(order)]
    rows = [np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles) // 4 * 4, 4)]
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name.replace(' ', '_')}.png"), np.vstack(rows))


def tile(picture, found, truth, frame, side=480):
    scale = side / picture.shape[0]
    canvas = cv2.cvtColor(cv2.resize(picture, None, fx=scale, fy=scale), cv2.COLOR_GRAY2BGR)
    for bodies, thickness in ((truth, 1), (found, 2)):
        for a in range(len(bodies.animals)):
            ends = np.stack([bodies.rear[frame, a], bodies.head[frame, a]]) * scale
            if np.isfinite(ends).all():
                colour = (255, 255, 255) if bodies is truth else COLOURS[a % len(COLOURS)]
                rear, head = ends.round().astype(int).tolist()
                cv2.arrowedLine(canvas, rear, head, colour, thickness, cv2.LINE_AA, tipLength=0.25)
    cv2.putText(canvas, str(frame), (6, 20), 0, 0.6, (0, 255, 255), 2)
    return canvas


def synthetic(seed, frames=900, n=3, side=360, length=36.0):
    """Draw equal mice that go to random places and meet there; tails trail behind."""
    chance = np.random.default_rng(seed)
    at, way = chance.uniform(60, side - 60, (n, 2)), chance.uniform(-np.pi, np.pi, n)
    goal, centre, heading = at.copy(), np.zeros((frames, n, 2)), np.zeros((frames, n))
    for f in range(frames):
        for a in range(n):
            if np.linalg.norm(goal[a] - at[a]) < 8 or chance.random() < 0.005:
                near = chance.random() < 0.6
                other = at[(a + 1 + chance.integers(n - 1)) % n]
                goal[a] = other if near else chance.uniform(40, side - 40, 2)
            turn = np.arctan2(*(goal[a] - at[a])[::-1]) - way[a]
            way[a] += np.clip(np.angle(np.exp(1j * turn)), -0.15, 0.15)
            gaps = at - at[a] - 6 * np.array([np.cos(way[a]), np.sin(way[a])])
            blocked = (np.linalg.norm(np.delete(gaps, a, 0), axis=1) < 0.55 * length).any()
            pace = 0.3 if blocked else 2.0
            at[a] = np.clip(
                at[a] + pace * np.array([np.cos(way[a]), np.sin(way[a])]), 30, side - 30
            )
        centre[f], heading[f] = at, way
    ground = 170 + cv2.resize(chance.normal(0, 14, (45, 45)), (side, side))
    pictures = np.stack(
        [_painted(ground, centre, heading, f, length, chance) for f in range(frames)]
    )
    half = np.stack([np.cos(heading), np.sin(heading)], -1) * length / 2
    flat = np.ones((frames, n))
    names = tuple(f"A{a}" for a in range(n))
    truth = BodyTracks(names, 30.0, centre, centre + half, centre - half, flat, flat, flat < 0)
    return pictures, truth


def _painted(ground, centre, heading, frame, length, chance):
    canvas = ground.astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, 40)
    for a in range(centre.shape[1]):
        u = np.array([np.cos(heading[frame, a]), np.sin(heading[frame, a])])
        trail = centre[max(0, frame - 24) : frame + 1 : 4, a] - u * length / 2
        body = centre[frame, a] + np.cos(turn)[:, None] * length / 2 * u
        across = np.sin(turn) * length * 0.24 * (1 - 0.45 * np.cos(turn))
        body = body + across[:, None] * [-u[1], u[0]]
        cv2.polylines(canvas, [(trail * 8).astype(np.int32)], False, 70.0, 2, cv2.LINE_AA, 3)
        cv2.fillPoly(canvas, [(body * 8).astype(np.int32)], 35.0, cv2.LINE_AA, 3)
    return np.clip(canvas + chance.normal(0, 2, canvas.shape), 0, 255).astype(np.uint8)


def on_synthetic(seed):
    pictures, truth = synthetic(seed)

    def source():
        for first in range(0, len(pictures), 16):
            yield first, pictures[first : first + 16]

    found, seconds, processor = followed(source, len(truth.animals), FollowSettings(fps=truth.fps))
    judge(f"synthetic, seed {seed}", found, truth, seconds, processor)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mabe", type=Path, help="folder with a video and its maDLC .h5")
    parser.add_argument("--sample", type=Path, help="folder with a video and its poses (.csv, .h5)")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--poses", type=Path)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--synthetic", type=int, default=0, help="number of seeds")
    parser.add_argument("--pictures", type=Path, help="folder for pictures")
    given = parser.parse_args()
    header()
    for seed in range(given.synthetic):
        on_synthetic(seed)
    pairs = [(given.video, given.poses)] if given.video else []
    for folder in (given.mabe, given.sample):
        if folder is not None:
            poses = sorted(folder.glob("*.h5")) or sorted(folder.glob("*poses*.csv"))
            pairs.append((next(iter(sorted(folder.glob("*.mp4")))), poses[0]))
    for video, poses in pairs:
        truth = bodies_of(read_poses(poses, given.fps))
        on_video(video.parent.name, video, truth, given.pictures)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
