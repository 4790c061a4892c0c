"""How well left and right exchanged in all views is noticed, and how often without cause.

Left-right pairs of true points (with 0.5 mm of noise) are exchanged for 30 % of the session, one
pair at a time and all at once; flags elsewhere are false alarms. Then the geometric strategy's own
labels are judged: a flagged pair is a false alarm if both its points are right.

    python benchmarks/handedness.py --data ../shared/data [--strategy]
"""

import argparse
from pathlib import Path

import doubt as judged
import identity_sessions as sessions
import numpy as np

from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.flags import Reason, compute_flags
from napari_behaviorvlm.identity.handedness import CLEAR, Sides

NOISE_MM = 0.5
WRONG_MM = 5.0


def exchanged(points, rows, pairs):
    points = points.copy()
    for a, b in pairs:
        points[np.ix_(rows, [a, b])] = points[np.ix_(rows, [b, a])]
    return points


def true_points(session):
    """Print how many exchanged frames are found, and false alarms elsewhere, for every pair."""
    rng = np.random.default_rng(0)
    points = session.points + rng.normal(0, NOISE_MM, session.points.shape)
    seeds = sorted(set(session.seeds.frame.tolist()))
    pairs = session.skeleton.symmetric_indices
    rows = np.arange(len(points) // 2, int(0.8 * len(points)))
    rows = rows[~np.isin(rows, seeds)]
    for chosen in ([pair] for pair in pairs), [pairs]:
        for which in chosen:
            moved = exchanged(points, rows, which)
            sides = Sides.learn(moved[seeds], moved, session.skeleton)
            score = sides.scores(moved, session.skeleton)
            own = np.array([pair in which for pair in pairs])
            inside = np.zeros(score.shape, bool)
            inside[np.ix_(rows, own)] = True
            told, found = np.isfinite(score), score < -CLEAR
            name = session.skeleton.keypoints[which[0][0]] if len(which) == 1 else "all pairs"
            print(
                f"{session.name:12s} {name:14s} {100 * found[inside & told].mean():8.1f} "
                f"{100 * told[inside].mean():8.1f} {100 * found[~inside & told].mean():8.2f}"
            )


def by_strategy(session):
    """Print how many flags the strategy's labels get, and how many of them are false."""
    labels, poses = judged.by_strategy(session)
    seeds = np.searchsorted(poses.frames, sorted(set(session.seeds.frame.tolist())))
    reference = BoneReference.from_points(poses.points[seeds], session.skeleton)
    flags = compute_flags(labels, poses, session.rig, session.skeleton, reference)
    own = flags.select(flags.reason == Reason.HANDEDNESS)
    row = np.searchsorted(poses.frames, own.frame)
    far = np.linalg.norm(poses.points - session.points, axis=-1) > WRONG_MM
    wrong = far[row, own.keypoint] | far[row, own.detail]
    known = np.isfinite(poses.points[..., 0]).sum()
    print(
        f"{session.name:12s} strategy: {known} points, {len(own)} flagged, "
        f"{int((~wrong).sum())} without cause"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--strategy", action="store_true", help="label with the strategy, too")
    options = parser.parse_args()
    made = [
        sessions.sample_session(),
        sessions.dannce_session(options.data),
        sessions.oist_session(options.data),
    ]
    print(f"{'session':12s} {'exchanged':14s} {'found %':>8s} {'told %':>8s} {'false %':>8s}")
    for session in made:
        true_points(session)
    if options.strategy:
        for session in made:
            by_strategy(session)


if __name__ == "__main__":
    main()
