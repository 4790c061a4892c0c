"""Geometry first, a few questions after: against a simulated VLM over real HTTP."""

import numpy as np
import pytest
from simulated_vlm import ErrorModel
from simulated_vlm.truth import SAMPLE
from tests.unit.vlm.asking import TRUTH, finish, running

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Source
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.identity.evaluation import evaluate
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.fused.strategy import FusedSettings, FusedStrategy
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy
from napari_behaviorvlm.io.calibration import read_calibration

RIG = read_calibration(SAMPLE / "calibration.toml")
SEED_FRAMES = (0, 100, 180)
FRAMES = np.arange(50, 130)
MISSED = 0.4
"""Share of the dots that no detector found: geometry alone is often in doubt."""


@pytest.fixture(scope="module")
def session():
    """True dots of the sample, many of them missed outside of the seed frames, with specks."""
    rng = np.random.default_rng(3)
    with np.load(SAMPLE / "truth.npz") as arrays:
        visible, points = arrays["visible"], arrays["points3d"]
    missed = rng.random(visible.shape) < MISSED
    missed[list(SEED_FRAMES)] = False
    visible &= ~missed
    rows = []
    for frame in range(len(visible)):
        for camera in range(len(RIG)):
            places = TRUTH.xy[frame, camera][visible[frame, camera]]
            specks = TRUTH.xy[frame, camera, :2] + rng.normal(0, 60, (2, 2))
            places = np.concatenate([places, specks])
            for number, xy in zip(rng.permutation(len(places)) + 1, places, strict=True):
                rows.append((frame, camera, number, *xy))
    table = np.array(sorted(rows))
    dots = CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(len(table), 50.0), np.full(len(table), 2.5),
    )  # fmt: skip
    cells = np.array([
        (f, c, k) for f in SEED_FRAMES for c in range(len(RIG)) for k in range(len(TRUTH.skeleton))
    ])  # fmt: skip
    frame, camera, keypoint = cells.T
    xy = np.where(visible[frame, camera, keypoint, None], TRUTH.xy[frame, camera, keypoint], np.nan)
    seeds = Seeds.from_table(
        SeedTable(
            frame.astype(np.int64), camera.astype(np.int16), keypoint.astype(np.int16), xy
        ), RIG, TRUTH.skeleton,
    )  # fmt: skip
    return dots, seeds, points, visible


@pytest.fixture(scope="module")
def alone(session):
    """What geometry says by itself."""
    dots, seeds, *_ = session
    strategy = GeometricStrategy()
    return finish(strategy.label(RIG, TRUTH.skeleton, seeds, dots, FRAMES))[0]


def fused(session, errors=None, **settings):
    dots, seeds, *_ = session
    picture = np.full((1024, 1024), 90, np.uint8)
    with running(errors) as (server, model):
        strategy = FusedStrategy(model, lambda *_: picture, "sample", FusedSettings(**settings))
        labelling, _ = finish(strategy.label(RIG, TRUTH.skeleton, seeds, dots, FRAMES))
        return labelling, len(server.calls), strategy


def score(labelling, session):
    *_, points, visible = session
    return evaluate(labelling.poses.points, points[FRAMES], visible[FRAMES].sum(1) >= 2)


def test_a_few_answers_mend_what_geometry_doubts(session, alone):
    asked, calls, strategy = fused(session)
    before, after = score(alone, session), score(asked, session)
    assert 1 - after.identities < 0.5 * (1 - before.identities)
    assert after.mean < 0.5 * before.mean
    assert 0 < calls <= 3 * len(FRAMES)
    assert (asked.labels.source == Source.FUSED).any()
    assert len(strategy.exchanges) == calls


def test_a_model_that_exchanges_left_and_right_everywhere_does_not_turn_the_animal_over(
    session, alone
):
    asked, calls, _ = fused(session, ErrorModel(swap=1.0))
    assert calls
    assert score(asked, session).identities >= score(alone, session).identities - 0.002
    assert score(asked, session).mean < 0.5


def test_no_more_calls_than_allowed_and_none_where_nothing_is_doubted(session, alone):
    _, calls, _ = fused(session, calls_per_frame=0.25)
    assert 0 < calls <= 0.25 * len(FRAMES)
    labelling, calls, strategy = fused(session, least_gain=1e9)
    assert calls == 0
    assert strategy.exchanges == []
    assert (labelling.labels.candidate == alone.labels.candidate).all()
