"""Coefficients of `napari_behaviorvlm.identity.confidence`, fitted on sessions of their own.

    python -m benchmarks.calibration [--data ../shared/data] [--reliability]

Named by geometry alone and with a simulated model at its benchmark setting.
"""

import argparse
import itertools
from pathlib import Path
from unittest import mock

import numpy as np
from benchmarks.identity_sessions import dannce_session, oist_session, sample_session
from benchmarks.pose_accuracy import errors_of, run, shortened

from napari_behaviorvlm.identity import confidence
from napari_behaviorvlm.identity.windows import Recording


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


def reliability(told: np.ndarray, right: np.ndarray) -> None:
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
    options = parser.parse_args()
    columns, right = [], []
    for seed, session in enumerate(sessions(options.data)):
        for strategy in ("geometric", "fused"):
            x, y = evidence(session, strategy, seed)
            columns.append(x)
            right.append(y)
            print(f"{session.name}, {strategy}: {len(y)} names, {(~y).sum()} wrong", flush=True)
    x, y = np.concatenate(columns), np.concatenate(right)
    print("COEFFICIENTS =", np.array2string(logistic(x, y), precision=2, separator=", "))
    if options.reliability:
        reliability(1 / (1 + np.exp(-x @ confidence.COEFFICIENTS)), y)


if __name__ == "__main__":
    main()
