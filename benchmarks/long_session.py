"""Time and peak memory of long sessions made of candidates only.

The truth of the sample session is played forth and back until it is long enough; 15 % of the
visible dots are missed and each view gets three spurious ones. `new`, `seed`, `label` and
`export csv` then run as processes of their own.

    python benchmarks/long_session.py --frames 5000 10000 20000
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from napari_behaviorvlm.io.samples import six_view_mouse

MISSED, SPURIOUS, NOISE_PX = 0.15, 3, 0.3


def make_table(n_frames: int, path: Path) -> None:
    """Write candidates of so many frames."""
    import numpy as np

    from napari_behaviorvlm.core.candidates import CandidateTable
    from napari_behaviorvlm.io.candidate_table import write_candidates

    rng = np.random.default_rng(0)
    with np.load(six_view_mouse().truth) as truth:
        length = len(truth["points3d"])
        cycle = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
        at = cycle[np.arange(n_frames) % len(cycle)]
        xy, visible = truth["projections"][at], truth["visible"][at]
    visible = visible & (rng.random(visible.shape) > MISSED)
    frame, camera, _ = np.nonzero(visible)
    true_xy = xy[visible] + rng.normal(0, NOISE_PX, (len(frame), 2))
    spurious = rng.uniform(200, 824, (n_frames, 6, SPURIOUS, 2))
    extra_frame, extra_camera, _ = np.indices(spurious.shape[:3])
    frame = np.concatenate([frame, extra_frame.ravel()])
    camera = np.concatenate([camera, extra_camera.ravel()])
    position = np.concatenate([true_xy, spurious.reshape(-1, 2)])
    order = np.lexsort((position[:, 1], camera, frame))
    frame, camera, position = frame[order], camera[order], position[order]
    start = np.flatnonzero(np.diff(frame * 6 + camera, prepend=-1))
    number = np.arange(len(frame)) - np.repeat(start, np.diff(start, append=len(frame))) + 1
    unknown = np.full(len(frame), np.nan)
    table = CandidateTable(
        frame, camera.astype(np.int16), number.astype(np.int32), position, unknown, unknown
    )
    write_candidates(table, [f"cam{at}" for at in range(6)], path)


def run(*arguments: object) -> tuple[float, float]:
    """Run one command; wall seconds and peak memory in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "napari_behaviorvlm.cli", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[0]} failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[5000, 10000, 20000])
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make is not None:
        make_table(args.frames[0], args.make)
        return
    sample = six_view_mouse()
    print(f"{'frames':>7}  {'command':<10} {'s':>8} {'ms/frame':>9} {'peak MiB':>9}")
    for n_frames in args.frames:
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "dots.parquet"
            # In a process of its own: peak memory of a child counts its parent's at the fork.
            again = [sys.executable, __file__, "--frames", str(n_frames), "--make", str(table)]
            subprocess.run(again, check=True)
            project = Path(folder) / "long"
            steps = {
                "new": ("new", project, "--calibration", sample.calibration, "--skeleton",
                        sample.skeleton, "--candidates", table),
                "seed": ("seed", project, sample.seeds),
                "label": ("label", project),
                "status": ("status", project),
                "export": ("export", project, "csv", Path(folder) / "csv"),
            }  # fmt: skip
            for name, arguments in steps.items():
                seconds, memory = run(*arguments)
                print(f"{n_frames:>7}  {name:<10} {seconds:>8.1f} {1e3 * seconds / n_frames:>9.2f} "
                      f"{memory:>9.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
