"""Every way of clustering behind the same interface."""

import numpy as np
import pytest

from napari_behaviorvlm.behavior import metrics
from napari_behaviorvlm.behavior.embedding.base import check_values, finish
from napari_behaviorvlm.behavior.embedding.classical import (
    DensityClusters,
    KMeansClusters,
    MixtureClusters,
    UmapClusters,
)
from napari_behaviorvlm.behavior.embedding.dec import DEC, DECSettings, sharpened
from napari_behaviorvlm.behavior.embedding.network import choose_device
from napari_behaviorvlm.behavior.embedding.soft import student_memberships
from napari_behaviorvlm.core.errors import TableError

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

QUICK = DECSettings(hidden=(32, 32), dimensions=4, pretrain_epochs=15, cluster_epochs=10)
METHODS = [DEC(QUICK), KMeansClusters(), MixtureClusters(), DensityClusters()]


@pytest.fixture(scope="module")
def blobs():
    """Four bent groups in 12 dimensions, and what they are."""
    generator = np.random.default_rng(5)
    truth = np.repeat(np.arange(4), 150)
    centres = np.array([[4, 0], [-4, 0], [0, 4], [0, -4]])
    hidden = centres[truth] + generator.normal(0, 0.6, (600, 2))
    mixing = generator.normal(0, 1, (2, 12))
    values = np.tanh(hidden @ mixing / 3) * 2 + generator.normal(0, 0.1, (600, 12))
    order = generator.permutation(600)
    return values[order].astype(np.float32), truth[order]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_groups_are_found_and_memberships_are_shares(method, blobs):
    values, truth = blobs
    model = finish(method.fit(values, 4))
    found = model.assign(values)
    assert found.memberships.shape == (600, model.n_clusters)
    assert found.memberships.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert metrics.normalized_mutual_information(truth, found.labels) > 0.9
    assert model.history
    # New moments may come in any batches.
    parts = np.concatenate([model.assign(part).labels for part in (values[:7], values[7:])])
    assert (parts == found.labels).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_the_same_input_gives_the_same_bits(method, blobs):
    values, _ = blobs
    one = finish(method.fit(values, 4)).assign(values)
    torch.rand(3)  # what others do with torch in between changes nothing
    two = finish(method.fit(values, 4)).assign(values)
    assert one.memberships.tobytes() == two.memberships.tobytes()
    assert one.embedded.tobytes() == two.embedded.tobytes()


def test_dec_leaves_the_random_numbers_and_threads_of_others_alone(blobs):
    values, _ = blobs
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    fits = [DEC(QUICK).fit(values, 4), DEC(QUICK).fit(values, 4)]
    steps = [next(fit) for fit in fits]  # two fits taking turns
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == threads
    models = [finish(fit) for fit in fits]
    assert models[0].centres.tobytes() == models[1].centres.tobytes()
    assert steps[0].total == 25


def test_another_seed_starts_elsewhere(blobs):
    values, _ = blobs
    one = finish(DEC(QUICK).fit(values, 4))
    two = finish(DEC(DECSettings(**{**vars(QUICK), "seed": 1})).fit(values, 4))
    assert one.centres.tobytes() != two.centres.tobytes()


def test_dec_shows_that_it_converges(blobs):
    values, _ = blobs
    settings = DECSettings(hidden=(32, 32), dimensions=4, pretrain_epochs=15, cluster_epochs=60)
    steps = DEC(settings).fit(values, 4)
    said = []
    try:
        while True:
            said.append(next(steps))
    except StopIteration as stop:
        model = stop.value
    errors, kl, changed = (model.history[k] for k in ("reconstruction", "kl", "changed"))
    assert len(errors) == 15
    assert errors[-1] < 0.3 * errors[0]
    assert model.converged
    assert changed[-1] < settings.converged
    assert len(kl) == len(changed) < 60
    assert said[0].message.startswith("Autoencoder")
    assert said[-1].message == "Clusters have converged"
    assert [step.done for step in said] == sorted(step.done for step in said)
    assert said[-1].done == said[-1].total == 75


def test_refining_makes_memberships_surer(blobs):
    values, _ = blobs
    before = finish(DEC(DECSettings(**{**vars(QUICK), "cluster_epochs": 0})).fit(values, 4))
    after = finish(DEC(QUICK).fit(values, 4))
    sure = [m.assign(values).memberships.max(axis=1).mean() for m in (before, after)]
    assert sure[1] > sure[0]


def test_soft_assignment_and_target_by_hand():
    points = np.array([[0.0], [3.0]], np.float32)
    centres = np.array([[0.0], [1.0]], np.float32)
    found = student_memberships(points, centres)
    assert found[0] == pytest.approx([1 / 1.5, 0.5 / 1.5])
    assert found[1] == pytest.approx([(1 / 10) / (1 / 10 + 1 / 5), (1 / 5) / (1 / 10 + 1 / 5)])
    target = sharpened(torch.from_numpy(found)).numpy()
    weight = found**2 / found.sum(axis=0)
    assert target == pytest.approx(weight / weight.sum(axis=1, keepdims=True))
    assert target[0, 0] > found[0, 0]


def test_the_encoder_without_torch_is_the_one_that_was_trained(blobs):
    from napari_behaviorvlm.behavior.embedding.network import stack, taken_from

    values, _ = blobs
    layers = stack((12, 20, 7, 3))
    encoder = taken_from(layers)
    assert encoder.sizes == (12, 20, 7, 3)
    with torch.no_grad():
        expected = layers(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(encoder(values), expected, atol=1e-5)


def test_a_batch_of_no_moments(blobs):
    values, _ = blobs
    model = finish(DEC(QUICK).fit(values, 4))
    assert model.assign(values[:0]).memberships.shape == (0, 4)


@pytest.mark.parametrize(
    ("values", "clusters", "words"),
    [
        (np.zeros((3, 2), np.float32), 4, "3 moments cannot make 4 clusters"),
        (np.full((9, 2), np.nan, np.float32), 2, "missing values"),
        (np.zeros((9, 2), np.float32), 0, "at least 1"),
        (np.zeros(9, np.float32), 2, "cannot be clustered"),
    ],
)
def test_impossible_input_is_refused(values, clusters, words):
    with pytest.raises(TableError, match=words):
        check_values(values, clusters)


def test_devices_that_are_not_there_are_refused():
    with pytest.raises(TableError, match="not a device"):
        choose_device("abacus")
    if not torch.cuda.is_available():
        assert choose_device("auto").type == "cpu"
        with pytest.raises(TableError, match="finds no GPU"):
            choose_device("cuda")


def test_what_is_not_installed_is_named(blobs, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(TableError, match="pip install umap-learn"):
        finish(UmapClusters().fit(blobs[0], 4))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(TableError, match=r"napari-behaviorvlm\[behavior\]"):
        choose_device("auto")


def test_noise_only_is_no_cluster():
    values = np.random.default_rng(0).normal(0, 1, (60, 6)).astype(np.float32)
    with pytest.raises(TableError, match="no cluster"):
        finish(DensityClusters(smallest=25).fit(values, 2))
