"""From tracks to clips, on movement whose truth is known and on a real recording."""

from pathlib import Path

import numpy as np
import pytest

from napari_behaviorvlm.behavior import metrics
from napari_behaviorvlm.behavior.embedding.base import finish
from napari_behaviorvlm.behavior.embedding.classical import KMeansClusters
from napari_behaviorvlm.behavior.embedding.dec import DEC
from napari_behaviorvlm.behavior.features.stream import FeatureSettings
from napari_behaviorvlm.behavior.segmentation import SegmentationSettings, segment_tracks
from napari_behaviorvlm.core.bouts import UNTRACKED
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

pytest.importorskip("sklearn")

MABE = Path(__file__).parents[4] / "shared/data/mabe_three_mice"
KEYPOINTS = ("nose", "ear_L", "ear_R", "back", "tail_base", "tail_tip")
SHAPE = np.array([[2, 0], [1, -0.5], [1, 0.5], [0, 0], [-2, 0], [-4, 0]], float) * 6
FPS = 25.0
ALONE = FeatureSettings(social=False)  # how far apart they happen to be is no acted behaviour


def acted(seed, bouts=24, length=60):
    """Rest, walk, run and turn on the spot, two animals; and which it was in every frame."""
    generator = np.random.default_rng(seed)
    both, truths = [], []
    for _ in range(2):
        order = [generator.permutation(4) for _ in range(bouts // 4)]
        truth = np.repeat(np.concatenate(order), length)
        speed = np.array([0, 40, 220, 0])[truth] / FPS
        turning = np.array([0, 0, 0, 4.0])[truth] / FPS
        angle = np.cumsum(turning) + generator.uniform(0, 6)
        centre = np.cumsum(speed[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), axis=0)
        turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=-1)
        body = np.einsum("tij,kj->tki", turn.reshape(-1, 2, 2), SHAPE)
        both.append(centre[:, None] + body + generator.normal(0, 0.3, (len(truth), 6, 2)))
        truths.append(truth)
    tracks = Tracks(("A0", "A1"), KEYPOINTS, FPS, np.stack(both, axis=1))
    return tracks, np.stack(truths, axis=1)


def segment(tracks, method, piece=500, **settings):
    steps = segment_tracks(
        lambda: tracks.pieces(piece), method, settings=SegmentationSettings(**settings)
    )
    return finish(steps)


def test_acted_behaviour_is_found_again():
    tracks, truth = acted(0)
    segmentation, clips = segment(tracks, KMeansClusters(), n_clusters=6, features=ALONE)
    found = clips.per_frame(clips.cluster)
    assert (found != UNTRACKED).all()
    assert metrics.macro_f1(truth, found, "many-to-one") > 0.9
    # A clip of 5 s is cut nowhere inside, so that boundaries are the changes of behaviour.
    joined = metrics.apply_matching(found, metrics.match_clusters(truth, found, "many-to-one"))
    assert metrics.boundary_f1(truth, joined, 0.5 * FPS) > 0.85
    assert ((clips.seconds >= 1) & (clips.seconds <= 5)).all()
    assert segmentation.memberships.shape == (*truth.shape, 6)


def test_deep_clusters_find_it_too_and_mean_the_same_for_both_animals():
    pytest.importorskip("torch")
    tracks, truth = acted(1)
    _, clips = segment(tracks, DEC(), n_clusters=20, features=ALONE)
    found = clips.per_frame(clips.cluster)
    assert metrics.macro_f1(truth, found, "many-to-one") > 0.9
    names = metrics.match_clusters(truth[:, 0], found[:, 0], "many-to-one")
    other = metrics.apply_matching(found[:, 1], names)
    known = other >= 0  # clusters that the first animal shows too
    assert known.mean() > 0.5
    assert (other == truth[:, 1])[known].mean() > 0.85


def test_pieces_change_nothing_and_the_untracked_stay_so():
    tracks, _ = acted(2, bouts=8)
    tracks.positions[100:200, 1] = np.nan
    one, clips = segment(tracks, KMeansClusters(), piece=97)
    two, same = segment(tracks, KMeansClusters(), piece=10_000)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(clips.start, same.start)
    assert (one.labels[100:200, 1] == UNTRACKED).all()
    assert (clips.per_frame()[100:200, 1] == UNTRACKED).all()
    assert ((one.labels == UNTRACKED) == (clips.per_frame() == UNTRACKED)).all()
    assert one.model.n_clusters == 20


def test_one_frame_and_nobody():
    tracks, _ = acted(3, bouts=4)
    with pytest.raises(TableError, match="2 moments cannot make 20 clusters"):
        segment(tracks.rows(0, 1), KMeansClusters())
    tracks.positions[:] = np.nan
    with pytest.raises(TableError, match="No animal is seen"):
        segment(tracks, KMeansClusters())


@pytest.mark.skipif(not MABE.exists(), reason=f"no {MABE.name} beside the repository")
def test_three_real_mice():
    """Clips of a real recording: lengths, coverage, and chases seen as approach."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("tables")
    table = pd.read_hdf(next(MABE.glob("*.h5")))
    columns = table.columns
    animals = tuple(columns.get_level_values("individuals").unique())
    keypoints = tuple(columns.get_level_values("bodyparts").unique())
    positions = np.array(table, float).reshape(len(table), 3, 12, 2)
    positions[(positions == 0).all(axis=-1)] = np.nan  # this file's way to say "missing"
    tracks = Tracks(animals, keypoints, 30.0, positions)
    segmentation, clips = segment(tracks, KMeansClusters())
    present = segmentation.labels != UNTRACKED
    assert 0.9 < present.mean() < 1
    assert ((clips.per_frame() != UNTRACKED) == present).all()
    assert clips.seconds.max() <= 5
    assert 1 <= np.median(clips.seconds) <= 3
    assert len(np.unique(clips.cluster)) > 15
