"""Coefficients of `napari_behaviorvlm.identity.confidence`, fitted on sessions of their own.

    python -m benchmarks.calibration [--data ../shared/data] [--reliability | --held-out]

Named by geometry alone and with a simulated model at its benchmark setting. ``--held-out`` fits
nothing: it asks how often names of some confidence are right on sessions that the coefficients were
not fitted on, and writes the curve that reports show (`napari_behaviorvlm.workflows.report`).
"""

import argparse
import itertools
import json
from pathlib import Path
from unittest import mock

import numpy as np
from benchmarks.identity_sessions import dannce_session, oist_session, sample_session
from benchmarks.pose_accuracy import errors_of, run, shortened

from napari_behaviorvlm.identity import confidence
from napari_behaviorvlm.identity.reliability import EDGES, reliability
from napari_behaviorvlm.identity.windows import Recording
from napari_behaviorvlm.workflows.report.trust import HELD_OUT


def evidence(session, strategy: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, P) of the names that are given in the end, and whether each is right."""
    rows = {}
    label = Recording.labelling

    def kept(self, window):
        named = window.naming.row[window.rows] >= 0
        features = confidence.features(self._evidence(window, named))
        for (row, keypoint), values in zip(np.argwhere(named), features, strict=True):
            rows[int(window.frames[row]), int(keypoint)] = values
        return label(self, window)

    with mock.patch.object(Recording, "labelling", kept):
        labelling, *_ = run(session, strategy, errors_of("benchmark", seed), session.frames, 3.0)
    error = np.linalg.norm(labelling.poses.points - session.points[session.frames], axis=-1)
    cells = [(row, k) for row, k in np.argwhere(np.isfinite(error))
             if (int(session.frames[row]), int(k)) in rows]  # fmt: skip
    x = np.array([rows[int(session.frames[row]), int(k)] for row, k in cells])
    return x, np.array([error[row, k] <= 5 for row, k in cells])


def sessions(data: Path):
    """Sessions that no benchmark and no test uses."""
    yield dannce_session(data, seed=10)
    yield dannce_session(data, seed=11, missed=0.25, seeds=[1, 19, 57])
    yield dannce_session(data, seed=12, missed=0.3, seeds=[6, 28, 64])
    yield shortened(oist_session(data, thin=20, seed=21), 300)
    yield shortened(oist_session(data, thin=30, seed=22, missed=0.4, burst=True), 200)
    yield sample_session(seed=31, missed=0.1)
    yield sample_session(seed=32, missed=0.3)


def held_out_sessions(data: Path):
    """Sessions like those of the fit, with other seeds and noise, so none of them was fitted on."""
    yield dannce_session(data, seed=40)
    yield dannce_session(data, seed=41, missed=0.25, seeds=[2, 27, 61])
    yield shortened(oist_session(data, thin=20, seed=51), 300)
    yield shortened(oist_session(data, thin=30, seed=52, missed=0.4, burst=True), 200)
    yield sample_session(seed=61, missed=0.1)
    yield sample_session(seed=62, missed=0.3)


def collected(sessions, strategies=("geometric", "fused")) -> tuple[np.ndarray, np.ndarray]:
    """Features and right answers of all names of some sessions."""
    columns, right = [], []
    for seed, session in enumerate(sessions):
        for strategy in strategies:
            x, y = evidence(session, strategy, seed)
            columns.append(x)
            right.append(y)
            print(f"{session.name}, {strategy}: {len(y)} names, {(~y).sum()} wrong", flush=True)
    return np.concatenate(columns), np.concatenate(right)


def write_held_out(data: Path) -> None:
    """Measure the curve and write it where reports read it."""
    x, y = collected(held_out_sessions(data))
    told = 1 / (1 + np.exp(-x @ confidence.COEFFICIENTS))
    print_reliability(told, y)
    found = reliability(told, y)
    full = np.isin(EDGES[:-1], found.low)
    columns = {name: np.zeros(len(full)) for name in ("said", "right", "count")}
    for name, column in columns.items():
        column[full] = getattr(found, name)
    HELD_OUT.write_text(json.dumps({
        "coefficients": confidence.COEFFICIENTS.tolist(), "edges": list(EDGES),
        "said": columns["said"].round(5).tolist(),
        "right": columns["right"].astype(int).tolist(),
        "count": columns["count"].astype(int).tolist(),
    }, indent=1) + "\n")  # fmt: skip
    print(f"{found.count.sum()} names, expected calibration error {found.gap:.4f}")


def logistic(x, y, ridge=1.0, rounds=30):
    """Ridge logistic regression by Newton's method."""
    coefficients = np.zeros(x.shape[1])
    penalty = ridge * np.diag(np.r_[0.0, np.ones(x.shape[1] - 1)])
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-x @ coefficients))
        gradient = x.T @ (y - p) - penalty @ coefficients
        curvature = (x * (p * (1 - p))[:, None]).T @ x + penalty
        coefficients = coefficients + np.linalg.solve(curvature, gradient)
    return coefficients


def print_reliability(told: np.ndarray, right: np.ndarray) -> None:
    """Print how often names of some confidence are right."""
    edges = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01]
    print("confidence   right   names")
    for low, high in itertools.pairwise(edges):
        inside = (told >= low) & (told < high)
        if inside.any():
            print(f"{told[inside].mean():10.3f} {right[inside].mean():7.3f} {inside.sum():7d}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--reliability", action="store_true")
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()
    if options.held_out:
        write_held_out(options.data)
        return
    x, y = collected(sessions(options.data))
    print("COEFFICIENTS =", np.array2string(logistic(x, y), precision=2, separator=", "))
    if options.reliability:
        print_reliability(1 / (1 + np.exp(-x @ confidence.COEFFICIENTS)), y)


if __name__ == "__main__":
    main()
