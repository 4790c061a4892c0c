"""Dot detection against other tools, on synthetic frames with known dots, in one run on one core.

    python benchmarks/detection.py [--frames 30] [--peers sep trackpy skimage]

RMSE is that of the distance (both axes together) over matched dots, matched one to one within 3 px;
the bound is the Cramér-Rao bound of the same dots, with amplitudes, sigmas and overlaps unknown.
Times are processor time: of each frame the fastest of three tries, tools in turns, so that a busy
machine slows all alike; of these the median over frames.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np
from benchmarks.synthetic_dots import BRIGHT, HARD, Frame, Scene, cramer_rao_px, frames
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_behaviorvlm.candidates.background import estimate_background
from napari_behaviorvlm.candidates.detection import Detector

RADIUS = 3.0  # px
REPEATS = 3
Tool = Callable[[np.ndarray], np.ndarray]


def with_sep(image: np.ndarray) -> np.ndarray:
    """Detect with SExtractor's background, extraction and windowed positions."""
    import sep

    picture = image.astype(np.float32)
    sky = sep.Background(picture)
    picture -= sky.back()
    found = sep.extract(picture, 2.0, err=sky.globalrms, minarea=5)
    # Hot pixels and noise are dropped by shape first: positions are then refined only for dots.
    found = found[(found["b"] > 0.9) & (found["npix"] >= 12)]
    # A window of the smallest dot's sigma is sep's best here: one from the flux radius, or wider,
    # reaches into the partner of a close pair.
    x, y, _ = sep.winpos(picture, found["x"], found["y"], np.full(len(found), 2.0))
    return np.column_stack([x, y])


def with_trackpy(image: np.ndarray) -> np.ndarray:
    """Detect with trackpy.locate."""
    import trackpy

    trackpy.quiet()
    found = trackpy.locate(image, 13, minmass=150, separation=9, engine="python")
    found = found[found["size"] > 1.2]
    return found[["x", "y"]].to_numpy()


def with_skimage(image: np.ndarray) -> np.ndarray:
    """Detect with skimage.feature.blob_dog on a median-filtered picture."""
    from skimage.feature import blob_dog

    picture = cv2.medianBlur(image, 3).astype(np.float32) / 255
    found = blob_dog(picture, min_sigma=1.5, max_sigma=5, threshold=0.008)
    return found[:, 1::-1]


PEERS: dict[str, Tool] = {"sep": with_sep, "trackpy": with_trackpy, "skimage": with_skimage}


def tools(peers: list[str], pictures: list[Frame]) -> dict[str, Tool]:
    alone = Detector()
    background = estimate_background([frame.image for frame in pictures])
    modelled = Detector(background)
    ours: dict[str, Tool] = {
        "ours": lambda image: alone(image).xy,
        "ours + background": lambda image: modelled(image).xy,
    }
    return ours | {name: PEERS[name] for name in peers}


def match(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair dots one to one within RADIUS: positions in truth and in found."""
    distances = cdist(truth, found)
    rows, columns = linear_sum_assignment(np.minimum(distances, 10 * RADIUS))
    near = distances[rows, columns] <= RADIUS
    return rows[near], columns[near]


def measure(scene: Scene, pictures: list[Frame], chosen: dict[str, Tool]) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    answers: dict[str, list[np.ndarray]] = {name: [] for name in chosen}
    for tool in chosen.values():
        tool(pictures[0].image)
    for frame in pictures:
        best = dict.fromkeys(chosen, np.inf)
        for name, tool in [*chosen.items()] * REPEATS:
            start = time.process_time()
            answer = tool(frame.image)
            best[name] = min(best[name], time.process_time() - start)
            if len(answers[name]) < len(seconds[name]) + 1:
                answers[name].append(answer)
        for name in chosen:
            seconds[name].append(best[name])
    bounds = [cramer_rao_px(frame, scene) for frame in pictures]
    strict = np.concatenate([cramer_rao_px(f, scene, positions_only=True) for f in pictures])
    print(f"  bound with amplitudes and sigmas known: {rms(strict):.4f} px")
    print(
        f"  {'tool':<20}{'recall':>8}{'precis.':>9}{'RMSE px':>9}{'bound':>8}{'ratio':>7}", end=""
    )
    print(f"{'fr/s':>8}{'x sep':>7}")
    for name in chosen:
        pairs = [match(f.dots[:, :2], xy) for f, xy in zip(pictures, answers[name], strict=True)]
        hits = sum(len(rows) for rows, _ in pairs)
        errors = np.concatenate(
            [
                xy[columns] - frame.dots[rows, :2]
                for frame, xy, (rows, columns) in zip(pictures, answers[name], pairs, strict=True)
            ]
        )
        limit = rms(np.concatenate([b[rows] for b, (rows, _) in zip(bounds, pairs, strict=True)]))
        total = sum(len(frame.dots) for frame in pictures)
        found = sum(map(len, answers[name]))
        pace = np.median(seconds[name])
        ratio = f"{np.median(seconds['sep']) / pace:7.1f}" if "sep" in seconds else ""
        print(
            f"  {name:<20}{hits / total:8.4f}{hits / found:9.4f}{rms(errors):9.4f}{limit:8.4f}"
            f"{rms(errors) / limit:7.3f}{1 / pace:8.1f}{ratio}"
        )


def rms(xy: np.ndarray) -> float:
    return float(np.sqrt((xy**2).sum(axis=1).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--peers", nargs="*", choices=sorted(PEERS), default=["sep"])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for name, scene in (("hard", HARD), ("bright", BRIGHT)):
        pictures = frames(scene, arguments.frames, seed=1)
        dots = len(pictures[0].dots)
        print(f"{name}: {len(pictures)} frames of {scene.size}, {dots} dots each, one core")
        measure(scene, pictures, tools(arguments.peers, pictures))


if __name__ == "__main__":
    main()
