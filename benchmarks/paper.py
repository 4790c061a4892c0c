"""The paper's three variants against a simulated VLM (never call these figures anything else).

python -m benchmarks.paper --frames 40 independent=0.04 swap=0.3 shift=0.25
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
from simulated_vlm import ErrorModel, SimulatedServer, sample_truth
from simulated_vlm.truth import SAMPLE

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.identity.evaluation import evaluate
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.paper import PaperSettings, PaperStrategy
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore

SEED_FRAMES = (0, 100, 180)
VARIANTS = {
    "paper": PaperSettings(),
    "without 3D, robust": PaperSettings(refine=False),
    "without 3D": PaperSettings(refine=False, robust=False),
    "without regions and 3D": PaperSettings(regions=False, refine=False, robust=False),
}


def sample_candidates(visible: np.ndarray, xy: np.ndarray, seed: int = 0) -> CandidateTable:
    """Visible dots with 0.2 px of noise and two false ones a view, in random order."""
    rng = np.random.default_rng(seed)
    rows = []
    for frame, camera in np.ndindex(visible.shape[:2]):
        dots = xy[frame, camera][visible[frame, camera]]
        false = dots[:2] + rng.uniform(15, 40, (len(dots[:2]), 2)) * rng.choice([-1, 1], 2)
        dots = np.concatenate([dots + rng.normal(0, 0.2, dots.shape), false])
        numbers = rng.permutation(len(dots)) + 1
        rows += [(frame, camera, n, *at) for n, at in zip(numbers, dots, strict=True)]
    table = np.array(sorted(rows))
    return CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(len(table), 50.0), np.full(len(table), 2.5),
    )  # fmt: skip


def sample_seeds(visible: np.ndarray, xy: np.ndarray, rig, skeleton) -> Seeds:
    shape = (len(SEED_FRAMES), *visible.shape[1:])
    row, camera, keypoint = (axis.ravel() for axis in np.indices(shape))
    frame = np.array(SEED_FRAMES)[row]
    places = np.where(visible[frame, camera, keypoint, None], xy[frame, camera, keypoint], np.nan)
    table = SeedTable(
        frame.astype(np.int64), camera.astype(np.int16), keypoint.astype(np.int16), places
    )
    return Seeds.from_table(table, rig, skeleton)


def run(settings: PaperSettings, errors: ErrorModel, frames: np.ndarray, data: tuple) -> str:
    truth, rig, seeds, candidates, points, visible = data
    picture = np.full((1024, 1024), 90, np.uint8)
    began = time.perf_counter()
    with SimulatedServer(truth, errors) as server:
        chosen = Settings(base_url=server.url, model="simulated", concurrency=8)
        with ModelSession(chosen, AnswerStore()) as model:
            server.calls.clear()
            strategy = PaperStrategy(model, lambda *_: picture, "sample", settings)
            steps = strategy.label(rig, truth.skeleton, seeds, candidates, frames)
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    found = end.value
                    break
        spent = model.store.spending().usage
        calls = len(server.calls)
    score = evaluate(found.poses.points, points[frames], visible[frames].sum(1) >= 2)
    n = len(frames)
    return (
        f"{score.mean:9.2f} {score.median:9.2f} {100 * score.within:8.1f} "
        f"{100 * score.coverage:8.1f} {100 * score.identities:8.1f} {calls / n:7.1f} "
        f"{spent.prompt / n:9.0f} {spent.output / n:7.0f} {time.perf_counter() - began:6.0f}"
    )


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40, help="spread over the sample's 240")
    parser.add_argument("--only", choices=list(VARIANTS))
    parser.add_argument("errors", nargs="*", metavar="NAME=VALUE")
    given = parser.parse_args(words)
    truth, rig = sample_truth(), read_calibration(SAMPLE / "calibration.toml")
    with np.load(SAMPLE / "truth.npz") as arrays:
        visible, points = arrays["visible"], arrays["points3d"]
    candidates = sample_candidates(visible, truth.xy)
    seeds = sample_seeds(visible, truth.xy, rig, truth.skeleton)
    frames = np.linspace(1, len(points) - 1, given.frames).astype(np.int64)
    data = truth, rig, seeds, candidates, points, visible
    print(f"simulated VLM, sample session, {given.frames} frames, {' '.join(given.errors)}")
    print(f"{'':24}  mean mm median mm  <5 mm %  cover %   right %  calls/f in tok/f out/f      s")
    for name, settings in VARIANTS.items():
        if given.only in (None, name):
            line = run(settings, ErrorModel.from_words(given.errors), frames, data)
            print(f"{name:24}{line}", flush=True)


if __name__ == "__main__":
    main()
