"""The paper's pipeline against a simulated VLM, over real HTTP."""

from pathlib import Path

import numpy as np
import pytest
from simulated_vlm import ErrorModel
from simulated_vlm.truth import SAMPLE
from tests.unit.vlm.asking import TRUTH, finish, running

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.labels import Source
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.identity.evaluation import evaluate
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.paper import PaperSettings, PaperStrategy
from napari_behaviorvlm.io.calibration import read_calibration

SEED_FRAMES = (0, 60, 130)
FRAMES = np.arange(20, 24)
VIEWS = 6


def session():
    """Dots of the sample in their true places, numbered at random, with a few specks."""
    rng = np.random.default_rng(5)
    with np.load(Path(SAMPLE) / "truth.npz") as arrays:
        visible, points = arrays["visible"], arrays["points3d"]
    rows, numbers = [], np.zeros(TRUTH.xy.shape[:3], np.int32)
    for frame in sorted({*SEED_FRAMES, *FRAMES.tolist()}):
        for camera in range(VIEWS):
            seen = np.flatnonzero(visible[frame, camera])
            specks = TRUTH.xy[frame, camera, seen[:2]] + [[40, 25], [-30, 35]]
            places = np.concatenate([TRUTH.xy[frame, camera, seen], specks])
            given = rng.permutation(len(places)) + 1
            numbers[frame, camera, seen] = given[: len(seen)]
            rows += [(frame, camera, n, *xy) for n, xy in zip(given, places, strict=True)]
    table = np.array(sorted(rows))
    n = len(table)
    candidates = CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(n, 50.0), np.full(n, 2.5),
    )  # fmt: skip
    return candidates, numbers, points, visible


CANDIDATES, NUMBERS, POINTS, VISIBLE = session()
RIG = read_calibration(SAMPLE / "calibration.toml")


def seeds():
    cells = [(f, c, k) for f in SEED_FRAMES for c in range(VIEWS) for k in range(12)]
    frame, camera, keypoint = np.array(cells).T
    xy = TRUTH.xy[frame, camera, keypoint].copy()
    xy[~VISIBLE[frame, camera, keypoint]] = np.nan
    table = SeedTable(
        frame.astype(np.int64), camera.astype(np.int16), keypoint.astype(np.int16), xy
    )
    return Seeds.from_table(table, RIG, TRUTH.skeleton)


def read(camera, frame):
    return np.full((1024, 1024), 90, np.uint8)


def run(errors=None, *, frames=FRAMES, **switches):
    with running(errors) as (server, model):
        strategy = PaperStrategy(model, read, "sample", PaperSettings(**switches))
        labelling, _ = finish(strategy.label(RIG, TRUTH.skeleton, seeds(), CANDIDATES, frames))
        return labelling, list(server.calls)


def score(labelling):
    frames = labelling.labels.frames
    return evaluate(labelling.poses.points, POINTS[frames], VISIBLE[frames].sum(1) >= 2)


@pytest.mark.parametrize("regions", [True, False])
def test_a_model_without_mistakes_names_everything(regions):
    labelling, calls = run(regions=regions, refine=False)
    labels = labelling.labels
    right = labels.candidate == NUMBERS[FRAMES]
    assert right[VISIBLE[FRAMES]].mean() > 0.995
    assert (labels.source[labels.candidate > 0] == Source.VLM).all()
    assert score(labelling).mean < 1.0
    texts = [str(call.body["messages"][0]["content"]) for call in calls]
    shown = [text.count("Solved example") for text in texts]
    # Three examples, fewer only where a region was hidden in a solved frame.
    assert max(shown) == 3
    assert np.mean(shown) > (2.5 if regions else 2.999)
    per_frame = len(calls) / len(FRAMES)
    assert per_frame == VIEWS if not regions else VIEWS * 3 < per_frame <= VIEWS * 6


def test_the_third_dimension_mends_independent_mistakes():
    errors = ErrorModel(independent=0.12, confidence="none")
    rough, _ = run(errors, regions=False, refine=False)
    fine, _ = run(errors, regions=False, refine=True)
    wrong = [
        ((one.labels.candidate != NUMBERS[FRAMES]) & VISIBLE[FRAMES]).mean()
        for one in (rough, fine)
    ]
    assert wrong[1] < wrong[0] / 2
    assert score(fine).identities >= score(rough).identities


def test_consistent_mistakes_survive_the_third_dimension():
    errors = ErrorModel(swap=1.0)
    labelling, _ = run(errors, regions=False, refine=True, frames=FRAMES[:2])
    left, right = (TRUTH.skeleton.index(name) for name in ("ear_L", "ear_R"))
    found = labelling.poses.points[0]
    assert found[left] == pytest.approx(POINTS[20, right], abs=1.0)


def test_a_second_run_asks_nothing():
    with running() as (server, model):
        runs = []
        for _ in range(2):
            strategy = PaperStrategy(model, read, "sample")
            found, _ = finish(strategy.label(RIG, TRUTH.skeleton, seeds(), CANDIDATES, FRAMES[:2]))
            runs.append((found.labels.candidate, len(server.calls)))
    assert runs[0][1] == runs[1][1] > 0
    assert (runs[0][0] == runs[1][0]).all()


def test_a_damaged_picture_costs_its_view_that_frame_only(monkeypatch):
    damaged = (RIG.names[2], int(FRAMES[1]))

    picture = read(*damaged)

    def read_damaged(camera, frame):
        if (camera, frame) == damaged:
            raise VideoError(f"{camera}: frame {frame} is damaged.")
        return picture

    whole, _ = run(frames=FRAMES[:3], regions=False)
    monkeypatch.setattr(f"{__name__}.read", read_damaged)
    found, _ = run(frames=FRAMES[:3], regions=False)
    assert not found.labels.candidate[1, 2].any()
    found.labels.candidate[1, 2] = whole.labels.candidate[1, 2]
    np.testing.assert_array_equal(found.labels.candidate, whole.labels.candidate)
    many = whole.poses.n_views[1] >= 3
    assert many.any()
    assert (found.poses.n_views[1][many] >= 2).all()
