"""Robust triangulation: accuracy against an oracle, speed and memory against a peer.

240,000 points (12 keypoints, 20,000 frames) seen by six cameras with 0.4 px noise and 10 or 20 %
gross outliers. The oracle is the same least squares with the outliers taken out beforehand.

The peer, aniposelib-pytorch 1.0, needs its own environment (``pip install aniposelib-pytorch``):

    python benchmarks/triangulation.py --peer-python peer/bin/python

Both get the same .npz and calibration and run in turns, each in its own process and on one thread:
ours never uses more, and torch with several threads collapses on a machine that others use too.
Points per second are per second of processor time for the same reason; wall time stands beside.
The peer gets the chunk that suits it best here (4096 points; its own choice is slower and takes
about 1 GiB).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

NOISE = 0.4
THRESHOLD = 3.0
SIZE = (1152, 1024)


def rotation_to(center):
    forward = -np.asarray(center, float) / np.linalg.norm(center)
    right = np.cross(forward, (0, 0, 1.0) if abs(forward[2]) < 0.99 else (0, 1.0, 0))
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def generated_rig():
    """Five cameras in a pentagon and one above, 300 mm away, as in QD-Pi."""
    angles = np.radians(72 * np.arange(5))
    centers = [(300 * np.cos(a), 300 * np.sin(a), 120) for a in angles] + [(2, 3, 380)]
    R = np.array([rotation_to(center) for center in centers])
    K = np.array([[1660.0, 0, 576], [0, 1665, 512], [0, 0, 1]])[None].repeat(6, axis=0)
    K[:, 0, 0] += 10 * np.arange(6)
    K[:, 0, 1] = np.linspace(-5, 1, 6)
    dist = np.array([[-0.12, 0.3, 1e-3, -2e-3, -0.5]]).repeat(6, axis=0)
    return {"K": K, "R": R, "t": -np.einsum("cij,cj->ci", R, np.array(centers)), "dist": dist}


def recorded_rig(path):
    data = np.load(path)
    points = data["points3d"].reshape(-1, 3)
    rig = {name: data[name] for name in ("K", "R", "t", "dist")}
    return rig, points[np.isfinite(points).all(axis=1)]


def our_rig(rig):
    from scipy.spatial.transform import Rotation

    from napari_behaviorvlm.core.camera import Camera, Rig

    vectors = Rotation.from_matrix(rig["R"]).as_rotvec()
    return Rig(tuple(
        Camera(f"camera{i}", SIZE, rig["K"][i], rig["dist"][i], vectors[i], rig["t"][i])
        for i in range(len(vectors))
    ))  # fmt: skip


def make_scene(rig, base, count, outliers, seed):
    """Points, labels and which labels are gross errors; all true labels inside the pictures."""
    from napari_behaviorvlm.geometry.projection import project_rig

    rng = np.random.default_rng(seed)
    points = np.zeros((0, 3))
    while len(points) < count:
        more = base[rng.integers(len(base), size=count)] + rng.normal(0, 4, (count, 3))
        seen = project_rig(rig, more)
        inside = ((seen > 5) & (seen < np.array(SIZE) - 6)).all(axis=(1, 2))
        points = np.concatenate([points, more[inside]])
    points = points[:count]
    labels = project_rig(rig, points) + rng.normal(0, NOISE, (count, len(rig), 2))
    wrong = rng.random((count, len(rig))) < outliers
    labels[wrong] = rng.uniform((0, 0), SIZE, (int(wrong.sum()), 2))
    return points, labels, wrong


def memory_mib(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return float("nan")


def measured(work):
    """Return result, processor and wall seconds, peak extra MiB (Linux; NaN elsewhere)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = memory_mib("VmRSS")
    except OSError:
        before = float("nan")
    start, start_wall = time.process_time(), time.perf_counter()
    result = work()
    seconds = time.process_time() - start, time.perf_counter() - start_wall
    extra = memory_mib("VmHWM") - before if before == before else float("nan")
    return result, seconds, extra


def serve(folder, who):
    """Worker: triangulate each scene named on stdin, answer with seconds and memory."""
    rig = dict(np.load(folder / "rig.npz"))
    run = {"peer": peer, "full": ours, "lean": ours}[who](rig, who)
    run(np.load(folder / "warm_up.npz")["labels"])
    print("ready", flush=True)
    for line in sys.stdin:
        name = line.strip()
        labels = np.load(folder / f"{name}.npz")["labels"]
        points, seconds, extra = measured(lambda labels=labels: run(labels))
        np.save(folder / f"{name}_{who}.npy", points)
        answer = {"seconds": seconds[0], "wall": seconds[1], "extra": extra}
        print(json.dumps(answer), flush=True)


def ours(rig, who):
    from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

    cameras = our_rig(rig)
    settings = TriangulationSettings(threshold=THRESHOLD, leave_one_out=who == "full")
    return lambda labels: triangulate(cameras, labels, settings=settings).points


def peer(rig, _who):
    from aniposelib.cameras import Camera, CameraGroup
    from scipy.spatial.transform import Rotation

    vectors = Rotation.from_matrix(rig["R"]).as_rotvec()
    cameras = [
        Camera(matrix=rig["K"][i], dist=rig["dist"][i], rvec=vectors[i], tvec=rig["t"][i],
               size=SIZE, name=f"camera{i}")
        for i in range(len(vectors))
    ]  # fmt: skip
    group = CameraGroup(cameras)

    def run(labels):
        found = group.triangulate_robust(
            labels.transpose(1, 0, 2), method="msac", tau=THRESHOLD, chunk=4096
        )
        return np.asarray(found.p3d)

    return run


class Worker:
    """A process that triangulates on demand."""

    def __init__(self, python, folder, who):
        self.process = subprocess.Popen(
            [python, __file__, "--serve", str(folder), who],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        )  # fmt: skip
        self._answer(lambda line: line == "ready")

    def _answer(self, wanted):
        for line in self.process.stdout:
            if wanted(line.strip()):
                return line
        raise SystemExit("A worker ended early; its message is above.")

    def run(self, name):
        """Have a scene triangulated; return what it took."""
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return json.loads(self._answer(lambda line: line.startswith("{")))

    def close(self):
        """Let the process end."""
        self.process.stdin.close()
        self.process.wait()


def report(title, points, truth, oracle, possible, runs, base):
    error = np.linalg.norm(points - truth, axis=1)[possible]
    best = np.linalg.norm(oracle - truth, axis=1)[possible]
    gross = ~(error < 5)
    # The fastest round: what other programs do to the machine only ever slows one down.
    speed = len(truth) / min(run["seconds"] for run in runs)
    wall = len(truth) / min(run["wall"] for run in runs)
    ratio = f"{speed / base:6.1f}x" if base else "      -"
    print(
        f"{title:36s} {np.median(error):8.4f} {np.percentile(error, 95):8.4f} "
        f"{np.median(error) / np.median(best):8.4f} {100 * gross.mean():8.3f} "
        f"{speed:12,.0f} {ratio} {wall:12,.0f} {max(run['extra'] for run in runs):8.0f}"
    )
    return speed


def scenes(folder, rig, base, count, percents):
    for percent in percents:
        truth, labels, wrong = make_scene(rig, base, count, percent / 100, percent)
        np.savez(folder / f"outliers{percent}.npz", labels=labels)
        yield percent, truth, labels, wrong


def compare(workers, folder, rig, base, *, options):
    from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

    print(f"{'':36s} {'median':>8s} {'p95':>8s} {'/oracle':>8s} {'gross %':>8s} "
          f"{'points/cpu-s':>12s} {'':>7s} {'points/wall-s':>12s} {'MiB':>8s}")  # fmt: skip
    for percent, truth, labels, wrong in scenes(folder, rig, base, options.points, options.percent):
        name = f"outliers{percent}"
        runs = {who: [] for who in workers}
        for _ in range(options.rounds):
            for who, worker in workers.items():
                runs[who].append(worker.run(name))
        known = np.where(wrong[..., None], np.nan, labels)
        oracle = triangulate(rig, known, settings=TriangulationSettings(threshold=50)).points
        # Two true views among chance pairs cannot be told for certain by anybody.
        possible = (~wrong).sum(axis=1) >= 3
        speed = None
        for who in workers:
            points = np.load(folder / f"{name}_{who}.npy")
            found = report(f"{percent} % outliers, {LABELS[who]}", points, truth, oracle, possible,
                           runs[who], speed)  # fmt: skip
            speed = found if who == "peer" else speed


LABELS = {"peer": "aniposelib-pytorch", "full": "ours", "lean": "ours, no LOO"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="interpreter that has aniposelib-pytorch 1.0")
    parser.add_argument("--recording", type=Path, help=".npz with K, R, t, dist and points3d")
    parser.add_argument("--points", type=int, default=240_000)
    parser.add_argument("--percent", type=int, nargs="+", default=[10, 20], help="outliers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=2, metavar=("FOLDER", "WHO"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), options.serve[1])
        return
    if options.recording:
        arrays, base = recorded_rig(options.recording)
    else:
        arrays = generated_rig()
        base = np.random.default_rng(0).uniform((-60, -60, 0), (60, 60, 60), (5000, 3))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "rig.npz", **arrays)
        rig = our_rig(arrays)
        np.savez(folder / "warm_up.npz", labels=make_scene(rig, base, 2000, 0.1, 9)[1])
        workers = {}
        if options.peer_python:
            workers["peer"] = Worker(options.peer_python, folder, "peer")
        workers["full"] = Worker(sys.executable, folder, "full")
        workers["lean"] = Worker(sys.executable, folder, "lean")
        compare(workers, folder, rig, base, options=options)
        for worker in workers.values():
            worker.close()


if __name__ == "__main__":
    main()
