"""Deep embedded clustering: quality and speed against a peer, k-means, a mixture and HDBSCAN.

Scikit-learn's digits (1797 pictures of 8 x 8, ten classes), scaled to zero mean and unit variance
over all pixels, the same array for all. Measures after Hungarian matching (ACC), NMI and ARI: mean
and range over the seeds. The peer, ClustPy's DEC, needs its own environment
(``pip install clustpy torch``):

    python benchmarks/clustering.py --peer-python peer/bin/python

It runs with its own defaults for epochs (100 + 150), optimiser and batch, with our network
(64-256-256-10) and, with ``--paper``, both run with the paper's (64-500-500-2000-10, the peer's
default). All run in turns, seed by seed, on one thread; seconds are processor time, since others
may use the machine. Importing and the first call's warming up are not counted for either.
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

PEER = """
import json, sys, time
import numpy as np, torch
torch.set_num_threads(1)
from clustpy.deep import DEC
from clustpy.deep.neural_networks import FeedforwardAutoencoder
path, seed, hidden = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
X = np.load(path)["X"]
DEC(10, pretrain_epochs=1, clustering_epochs=1, random_state=0).fit(X[:300])
layers = [X.shape[1], *hidden, 10]
start, wall = time.process_time(), time.time()
net = FeedforwardAutoencoder(layers, random_state=np.random.RandomState(seed))
dec = DEC(10, neural_network=net, random_state=seed).fit(X)
seconds, wall = time.process_time() - start, time.time() - wall
labels = dec.labels_.tolist()
print("RESULT" + json.dumps({"seconds": seconds, "wall": wall, "labels": labels}))
"""


def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return ((X - X.mean()) / X.std()).astype(np.float32), y.astype(np.int64)


def run_peer(python, path, seed, hidden):
    command = [python, "-c", PEER, str(path), str(seed), json.dumps(hidden)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        sys.exit(f"The peer failed: {done.stderr[-800:]}")
    result = json.loads(lines[0].removeprefix("RESULT"))
    return np.array(result["labels"]), result["seconds"], result["wall"]


def run_ours(method, X):
    from napari_behaviorvlm.behavior.embedding.base import finish

    start, wall = time.process_time(), time.time()
    labels = finish(method.fit(X, 10)).assign(X).labels
    return labels, time.process_time() - start, time.time() - wall


def methods(paper):
    from napari_behaviorvlm.behavior.embedding import classical
    from napari_behaviorvlm.behavior.embedding.dec import DEC, DECSettings

    table = {
        "our DEC 64-256-256-10": lambda s: DEC(DECSettings(seed=s, device="cpu")),
        "k-means": classical.KMeansClusters,
        "PCA + Gaussian mixture": classical.MixtureClusters,
        "HDBSCAN": lambda _: classical.DensityClusters(),
    }
    if paper:
        wide = {"hidden": (500, 500, 2000), "learning_rate": 2e-3, "device": "cpu"}
        table["our DEC 64-500-500-2000-10"] = lambda s: DEC(DECSettings(seed=s, **wide))
    try:
        import umap  # noqa: F401
    except ImportError:
        print("umap-learn is not installed: UMAP + mixture left out.")
    else:
        table["UMAP + Gaussian mixture"] = classical.UmapClusters
    return table


def scores(y, labels):
    from napari_behaviorvlm.behavior import metrics

    measures = (
        metrics.accuracy,
        metrics.normalized_mutual_information,
        metrics.adjusted_rand,
    )
    return [measure(y, labels) for measure in measures]


def report(rows):
    print(f"\n{'method':34} {'ACC':>18} {'NMI':>18} {'ARI':>18} {'CPU s':>8} {'wall s':>7}  seeds")
    for name, table in rows.items():
        runs = np.array(table)
        cells = [f"{c.mean():.3f} ({c.min():.2f}-{c.max():.2f})" for c in runs[:, :3].T]
        seconds, wall = np.median(runs[:, 3:], axis=0)
        line = " ".join(f"{cell:>18}" for cell in cells)
        print(f"{name:34} {line} {seconds:8.2f} {wall:7.2f}  {len(runs)}")


def ratios(rows):
    for name in [n for n in rows if n.startswith("ClustPy")]:
        net = name.split()[-1]
        for ours in {f"our DEC {net}", "our DEC 64-256-256-10"} & set(rows):
            a, b = np.array(rows[ours]), np.array(rows[name])
            times = np.median(b[:, 3]) / np.median(a[:, 3])
            better = a[:, :3].mean(axis=0) - b[:, :3].mean(axis=0)
            gain = ", ".join(
                f"{m} {v:+.3f}" for m, v in zip(("ACC", "NMI", "ARI"), better, strict=True)
            )
            print(f"{ours} against {name}: {times:.1f} times as fast; {gain}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="python of an environment with clustpy")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--paper", action="store_true", help="the paper's wide network as well")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    X, y = digits()
    table = methods(options.paper)
    nets = [[256, 256], *([[500, 500, 2000]] if options.paper else [])]
    rows = {}
    run_ours(next(iter(table.values()))(0), X[:300])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        np.savez(path, X=X)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for name, make in table.items():
                labels, *seconds = run_ours(make(seed), X)
                rows.setdefault(name, []).append([*scores(y, labels), *seconds])
            for hidden in nets if options.peer_python else []:
                labels, *seconds = run_peer(options.peer_python, path, seed, hidden)
                name = "ClustPy DEC " + "-".join(map(str, [X.shape[1], *hidden, 10]))
                rows.setdefault(name, []).append([*scores(y, labels), *seconds])
            print(f"seed {seed} done", file=sys.stderr, flush=True)
    report(rows)
    ratios(rows)


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    main()
