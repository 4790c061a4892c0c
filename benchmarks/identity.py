"""How often the geometric strategy names the right point, and what a wrong name costs.

Sessions are made from real motion and a real rig: dots are projected into six cameras, a share of
them is missed, spurious ones are added, and the positions get noise. Run it with the folder of the
recordings of others (see ``tests/fixtures``); what is absent is skipped.

    python benchmarks/identity.py --data ../shared/data [--only dannce oist sample] [--keypoints]
    python benchmarks/identity.py --only long --frames 20000

``--project FOLDER`` scores the candidates that were really detected in the sample session.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from identity_sessions import (
    SAMPLE,
    Session,
    dannce_session,
    detected_session,
    long_session,
    oist_session,
    sample_session,
)

from napari_behaviorvlm.identity.evaluation import evaluate, evaluate_doubt, evaluate_keypoints
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy


def label(session: Session, strategy=None):
    """Label a whole session; returns the labelling and the seconds it took."""
    strategy = strategy or GeometricStrategy()
    seeds = Seeds.from_table(session.seeds, session.rig, session.skeleton)
    start = time.perf_counter()
    steps = strategy.label(session.rig, session.skeleton, seeds, session.candidates, session.frames)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, time.perf_counter() - start


def report(session: Session, keypoints: bool) -> None:
    labelling, seconds = label(session)
    points, seen = labelling.poses.points, (session.truth > 0).sum(1) >= 2
    score = evaluate(points, session.points, seen)
    doubt = evaluate_doubt(labelling.poses.confidence, points, session.points)
    found = "/".join("  -" if np.isnan(share) else f"{100 * share:3.0f}" for share in doubt.found)
    print(
        f"{session.name:34} {len(session.frames):6d} {score.mean:8.2f} {score.median:8.3f} "
        f"{100 * score.within:8.2f} {100 * score.coverage:8.1f} {100 * score.identities:8.1f} "
        f"{doubt.wrong:6d} {doubt.auroc:7.3f} {found:>12} {len(session.frames) / seconds:8.0f}",
        flush=True,
    )
    if keypoints:
        names = session.skeleton.keypoints
        for name, one in evaluate_keypoints(points, session.points, seen, names).items():
            print(
                f"    {name:30} {one.count:6d} {one.mean:8.2f} {one.median:8.3f} "
                f"{100 * one.within:8.2f} {100 * one.coverage:8.1f} {100 * one.identities:8.1f}"
            )


def sessions(options):
    """Every session of the tables, made one at a time."""
    data, only = options.data, options.only
    if "dannce" in only and (data / "dannce_mouse_6cam").exists():
        yield dannce_session(data, name="dannce, single frames")
        yield dannce_session(data, name="dannce, other seeds", seeds=[1, 19, 57], seed=1)
        yield dannce_session(data, name="dannce, no spurious, none missed", missed=0, spurious=0)
        yield dannce_session(data, name="dannce, 40 % missed", missed=0.4)
    if "oist" in only and (data / "oist_mouse_markers").exists():
        yield oist_session(data, name="oist, 30 Hz")
        yield oist_session(data, name="oist, labels as published", repaired=False)
        yield oist_session(data, name="oist, missed in bursts", burst=True)
        yield oist_session(data, name="oist, 40 % missed", missed=0.4)
        yield oist_session(data, name="oist, floor reflections", reflection=8.0)
        yield oist_session(data, name="oist, 15 Hz", thin=20)
    if "sample" in only and (SAMPLE / "truth.npz").exists():
        yield sample_session(name="sample, visible dots")
        yield sample_session(name="sample, 15 % more missed", missed=0.15)
    if options.project:
        yield detected_session(options.project)
    if "long" in only:
        yield long_session(data, options.frames)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--only", nargs="+", default=["dannce", "oist", "sample"])
    parser.add_argument("--project", type=Path)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--keypoints", action="store_true")
    options = parser.parse_args()
    print(f"{'session':34} {'frames':>6} {'mean mm':>8} {'median':>8} {'<5mm %':>8} {'cover %':>8} "
          f"{'ident %':>8} {'wrong':>6} {'AUROC':>7} {'1/5/10 %':>12} {'frames/s':>8}")  # fmt: skip
    for session in sessions(options):
        report(session, options.keypoints)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
