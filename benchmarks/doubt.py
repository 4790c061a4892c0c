"""How well doubt finds wrong labels, and which share of them a review of the most doubtful catches.

Two kinds of mistakes: those of the geometric strategy on simulated sessions, and mistakes as a
vision-language model makes them (single views, left and right exchanged over several frames and
views, a chain shifted by one) put into true labels. Scores are compared with what other tools sort
by: the reprojection error, and the number of views.

    python benchmarks/doubt.py --data ../shared/data [--frames 700] [--seeds 2]
"""

import argparse
import itertools
import time
from pathlib import Path

import identity as sessions
import numpy as np

from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.geometry.triangulation import triangulate
from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.doubt import compute_doubt, is_labelled
from napari_behaviorvlm.identity.evaluation import evaluate_doubt
from napari_behaviorvlm.identity.flags import Reason, compute_flags
from napari_behaviorvlm.identity.review import review_queue
from napari_behaviorvlm.identity.seeds import Seeds

WRONG_MM = 5.0


def triangulated(session, labels, confidence):
    """Poses of labels."""
    n_frames, n_cameras, n_keypoints = labels.status.shape
    found = triangulate(session.rig, labels.xy.transpose(0, 2, 1, 3).reshape(-1, n_cameras, 2))
    shape = (n_frames, n_keypoints)

    def per_view(values):
        return values.reshape(n_frames, n_keypoints, n_cameras).transpose(0, 2, 1)

    return Poses(
        labels.frames, found.points.reshape(*shape, 3), found.error.reshape(shape),
        per_view(found.view_error), per_view(found.leave_one_out), found.n_views.reshape(shape),
        found.covariance.reshape(*shape, 3, 3), confidence,
    )  # fmt: skip


def by_strategy(session):
    """Labels and poses of the geometric strategy."""
    from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy

    seeds = Seeds.from_table(session.seeds, session.rig, session.skeleton)
    steps = GeometricStrategy().label(
        session.rig, session.skeleton, seeds, session.candidates, session.frames
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.labels, end.value.poses


def true_labels(session):
    """Each keypoint at its own dot."""
    labels = Labels.empty(session.frames, len(session.rig), len(session.skeleton))
    for row, camera in np.ndindex(*session.truth.shape[:2]):
        number = session.truth[row, camera]
        dots = np.concatenate([[(np.nan, np.nan)], session.candidates.of(row, camera).xy])
        labels.xy[row, camera] = dots[number]
    labels.candidate[:] = session.truth
    labels.status[session.truth > 0] = Status.PROPOSED
    labels.source[session.truth > 0] = Source.VLM
    return labels


def with_model_mistakes(session, seed, single=0.04, swapped=0.004, shifted=0.002):
    """Labels as a model that sees one view at a time and repeats its mistakes might give them."""
    rng = np.random.default_rng(seed)
    labels = true_labels(session)
    n_frames, n_cameras, n_keypoints = labels.status.shape
    for row, camera, keypoint in np.argwhere(
        is_labelled(labels) & (rng.random(labels.status.shape) < single)
    ):
        dots = session.candidates.of(row, camera).xy
        labels.xy[row, camera, keypoint] = dots[rng.integers(len(dots))]
    pairs, chains = session.skeleton.symmetric_indices, list(session.skeleton.regions.values())
    for row in range(n_frames):
        span, cameras = slice(row, row + rng.geometric(0.1)), rng.random(n_cameras) < 0.9
        if rng.random() < swapped * len(pairs):
            a, b = pairs[rng.integers(len(pairs))]
            exchange(labels, span, cameras, [a, b], [b, a])
        if rng.random() < shifted * len(chains):
            chain = [session.skeleton.index(name) for name in chains[rng.integers(len(chains))]]
            exchange(labels, span, cameras, chain, np.roll(chain, 1))
    return labels, triangulated(
        session, labels, np.full((n_frames, n_keypoints), np.nan, np.float32)
    )


def exchange(labels, span, cameras, to, source):
    """Give keypoints each other's labels in a stretch of frames and some cameras."""
    for name in ("xy", "candidate", "status", "source"):
        array = getattr(labels, name)
        part = array[span][:, cameras]
        part[:, :, to] = part[:, :, list(source)].copy()
        array[span, np.flatnonzero(cameras)] = part


def report(name, session, labels, poses):
    """Print one line for each way of sorting."""
    start = time.perf_counter()
    reference = BoneReference.from_points(
        session.points[np.unique(session.seeds.frame)], session.skeleton
    )
    flags = compute_flags(labels, poses, session.rig, session.skeleton, reference)
    doubt = compute_doubt(labels, poses, flags)
    queue = review_queue(labels, poses, flags, session.rig, session.skeleton, doubt=doubt)
    seconds = time.perf_counter() - start
    known = np.isfinite(poses.points[..., 0]) & np.isfinite(session.points[..., 0])
    point = np.where(known, doubt.point, np.nan)
    scores = {
        "doubt": point,
        "doubt of any view": np.where(known, doubt.any_wrong, np.nan),
        "confidence alone": 1 - poses.confidence,
        "reprojection error": squashed(poses.error),
        "worst view": squashed(np.nan_to_num(poses.view_error, posinf=1e4).max(1)),
        "few views": 1 - poses.n_views / 10,
    }
    print(f"\n{name}: {len(labels.frames)} frames, {len(queue)} flagged, {1e3 * seconds:.0f} ms")
    print("  flags:", ", ".join(f"{r.word} {n}" for r, n in flags.counts().items() if n))
    print(f"  {'sorted by':20s} AUROC   found in 1 %   5 %    10 %   of wrong   expected   Brier")
    for title, score in scores.items():
        if np.isnan(score[known]).any():
            continue
        result = evaluate_doubt(1 - score, poses.points, session.points, WRONG_MM)
        shares = "  ".join(f"{100 * share:5.1f}" for share in result.found)
        print(f"  {title:20s} {result.auroc:.3f}      {shares}   {result.wrong:6d}   "
              f"{score[known].sum():8.1f}   {result.brier:.4f}")  # fmt: skip
    reliability(
        point[known], np.linalg.norm(poses.points - session.points, axis=-1)[known] > WRONG_MM
    )
    views_named(session, labels, flags)


def squashed(values):
    """Any score as 0..1, in the same order."""
    known = np.nan_to_num(values)
    return known / (1 + known)


def reliability(doubt, wrong):
    """Print how often labels of some doubt are wrong."""
    edges = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.01]
    cells = []
    for low, high in itertools.pairwise(edges):
        inside = (doubt >= low) & (doubt < high)
        if inside.any():
            cells.append(f"{doubt[inside].mean():.3f}->{wrong[inside].mean():.3f} ({inside.sum()})")
    print("  doubt -> wrong:", "  ".join(cells))


def views_named(session, labels, flags):
    """Print how many wrong single views are named, and how many named ones are wrong."""
    true = true_labels(session)
    off = np.linalg.norm(labels.xy - true.xy, axis=-1)
    wrong = is_labelled(labels) & ~(off < 5)
    named = flags.select(flags.reason == Reason.VIEW_DISAGREES).flagged_cells(labels)
    if named.any():
        print(f"  views named: {named.sum()}, of them wrong {100 * wrong[named].mean():.1f} %; "
              f"of {wrong.sum()} wrong views named {100 * named[wrong].mean():.1f} %")  # fmt: skip


def main():
    """Run all sessions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=700)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    for seed in range(100, 100 + args.seeds):
        for make in (sessions.oist_session, sessions.dannce_session):
            session = make(args.data, seed=seed)
            report(f"{session.name}, geometric, seed {seed}", session, *by_strategy(session))
            if make is sessions.oist_session:
                labels, poses = with_model_mistakes(session, seed)
                report(f"{session.name}, model's mistakes, seed {seed}", session, labels, poses)


if __name__ == "__main__":
    main()
