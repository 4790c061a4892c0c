"""The paper's three variants against a simulated VLM (never call these figures anything else).

    python -m benchmarks.paper                      # the table, some minutes
    python -m benchmarks.paper --http --frames 6    # the same over HTTP, with pictures: time
    python -m benchmarks.paper --seeds 1 benchmark independent=0.2

"paper" is the whole pipeline; "without 3D" triangulates whatever the views say, all of them
counting alike, and assigns nothing anew; "without regions and 3D" asks for all keypoints of a whole
frame at once. Means are over keypoints that were reported and that two cameras see. The paper's own
figures (500 frames of its own recordings): 6.59, 9.16 and 14.29 mm. The simulated model's setting
`ErrorModel.benchmark` was calibrated to them on the sample; dannce was not looked at for that.
Tokens are as the simulated server counts them (`benchmarks/dry_run.py` tells what a dry run says).
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from benchmarks.identity_sessions import Session, dannce_session, sample_session
from benchmarks.simulated_model import SimulatedModel, no_pictures
from simulated_vlm import ErrorModel, SimulatedServer, Truth

from napari_behaviorvlm.identity.evaluation import Score, evaluate
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.paper import PaperSettings, PaperStrategy
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore

VARIANTS = {
    "paper": PaperSettings(),
    "without 3D": PaperSettings(refine=False, robust=False),
    "without regions and 3D": PaperSettings(regions=False, refine=False, robust=False),
}
HEADER = (
    f"{'':36} {'mean mm':>13} {'median':>7} {'<5 mm %':>8} {'cover %':>8} {'right %':>8} "
    f"{'calls/f':>8} {'in/f':>8} {'out/f':>7} {'s/f':>6}"
)


def truth_of(session: Session) -> Truth:
    """Tell the simulated model the truth: the pixels of the candidates that are keypoints."""
    xy = np.full((*session.truth.shape, 2), np.nan)
    table = session.candidates
    cell = np.zeros((*session.truth.shape[:2], int(table.number.max()) + 1, 2))
    cell[table.frame, table.camera, table.number] = table.xy
    known = session.truth > 0
    frame, camera, _ = np.nonzero(known)
    xy[known] = cell[frame, camera, session.truth[known]]
    return Truth(tuple(session.rig.names), session.skeleton, xy)


@contextmanager
def model_of(session: Session, errors: ErrorModel, http: bool) -> Iterator[tuple]:
    """Open a model and give it with a function that tells (calls, input, output tokens) so far."""
    if not http:
        model = SimulatedModel(truth_of(session), errors)
        with no_pictures():
            yield model, lambda: (model.calls, model.tokens_in, model.tokens_out)
        return
    with SimulatedServer(truth_of(session), errors) as server:
        chosen = Settings(base_url=server.url, model="simulated", concurrency=8)
        with ModelSession(chosen, AnswerStore()) as model:

            def spent() -> tuple:
                used = model.store.spending()
                return used.calls, used.usage.prompt, used.usage.output

            yield model, spent


def run(session: Session, variant: PaperSettings, errors: ErrorModel, frames, http: bool) -> tuple:
    """Score, (calls, input, output) per frame, seconds per frame."""
    picture = np.full((1024, 1152), 90, np.uint8)
    seeds = Seeds.from_table(session.seeds, session.rig, session.skeleton)
    with model_of(session, errors, http) as (model, spent):
        strategy = PaperStrategy(model, lambda *_: picture, session.name, variant)
        began = time.perf_counter()
        steps = strategy.label(session.rig, session.skeleton, seeds, session.candidates, frames)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found = end.value
                break
        seconds = (time.perf_counter() - began) / len(frames)
        counted = tuple(value / len(frames) for value in spent())
    seen = (session.truth[frames] > 0).sum(1) >= 2
    return evaluate(found.poses.points, session.points[frames], seen), counted, seconds


def line(name: str, scores: list[Score], counted: np.ndarray, seconds: float) -> str:
    """One line of the table: means over the seeds, and the spread of the mean error."""
    means = np.array([score.mean for score in scores])
    spread = f"±{means.std(ddof=1):.2f}" if len(means) > 1 else ""
    of = {
        name: np.mean([getattr(score, name) for score in scores])
        for name in ("median", "within", "coverage", "identities")
    }
    return (
        f"{name:36} {means.mean():7.2f}{spread:>6} {of['median']:7.2f} {100 * of['within']:8.1f} "
        f"{100 * of['coverage']:8.1f} {100 * of['identities']:8.1f} {counted[0]:8.1f} "
        f"{counted[1]:8.0f} {counted[2]:7.0f} {seconds:6.2f}"
    )


def sessions(data: Path, *, only_sample: bool) -> Iterator[Session]:
    """Yield the sample, and single frames of real poses in a real rig if that recording is here."""
    yield sample_session(name="sample")
    if not only_sample and (data / "dannce_mouse_6cam").exists():
        yield dannce_session(data, name="dannce")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=60, help="spread over the recording")
    parser.add_argument("--seeds", type=int, default=6, help="seeds of the simulated model")
    parser.add_argument("--http", action="store_true", help="real pictures over HTTP; slow")
    parser.add_argument("--only", choices=list(VARIANTS))
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--sample-only", action="store_true")
    parser.add_argument("errors", nargs="*", metavar="NAME=VALUE", default=["benchmark"])
    given = parser.parse_args(words)
    print(f"simulated VLM: {' '.join(given.errors)}, {given.seeds} seeds, {given.frames} frames")
    print(HEADER)
    for session in sessions(given.data, only_sample=given.sample_only):
        last = len(session.frames) - 1
        frames = np.unique(np.linspace(1, last, min(given.frames, last)).astype(np.int64))
        for name, variant in VARIANTS.items():
            if given.only not in (None, name):
                continue
            results = [
                run(session, variant, ErrorModel.from_words([*given.errors, f"seed={seed}"]),
                    frames, given.http)
                for seed in range(given.seeds)
            ]  # fmt: skip
            scores, counted, seconds = zip(*results, strict=True)
            title = f"{session.name}, {name}"
            print(line(title, list(scores), np.mean(counted, 0), np.mean(seconds)), flush=True)


if __name__ == "__main__":
    main()
