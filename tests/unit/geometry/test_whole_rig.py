"""All cameras bumped at once."""

import numpy as np
import pytest
from tests.unit.geometry.test_mending import RIG, bumped, labels_of, moving_points

from napari_behaviorvlm.geometry import whole_rig
from napari_behaviorvlm.geometry.bundle import replaced
from napari_behaviorvlm.geometry.triangulation import triangulate
from napari_behaviorvlm.geometry.whole_rig import estimate_rig, laid_over


def sizes(rig, xy):
    """Distances between points that are seen some frames apart."""
    points = triangulate(rig, xy).points
    return np.linalg.norm(points[5:] - points[:-5], axis=1)


@pytest.fixture(autouse=True)
def _few_points(monkeypatch):
    monkeypatch.setattr(whole_rig, "MOST_POINTS", 60)


def test_a_rig_of_bumped_cameras_fits_again_and_stays_in_its_place():
    true = [bumped(name, 1.0 + at / 2, 2.0 + at) for at, name in enumerate(RIG.names)]
    stood, points = replaced(RIG, true), moving_points(12)
    found = estimate_rig(RIG, labels_of(stood, points))
    assert [one.camera.name for one in found] == list(RIG.names)
    assert max(one.before for one in found) > 8 > 2 > max(one.after for one in found)
    mended = replaced(RIG, [one.camera for one in found])
    middle = np.mean([camera.center for camera in RIG], axis=0)
    assert np.allclose(np.mean([camera.center for camera in mended], axis=0), middle, atol=1e-6)
    seen = labels_of(stood, points, noise=0.0, wrong=0.0)
    assert np.allclose(sizes(mended, seen) / sizes(stood, seen), 1, atol=0.03)


def test_labels_that_fit_no_rig_and_too_few_labels_give_none():
    assert estimate_rig(RIG, np.random.default_rng(0).uniform(0, 480, (36, 4, 2))) is None
    assert estimate_rig(RIG, labels_of(RIG, moving_points(3))) is None


def test_a_rig_is_laid_over_another_whatever_its_place_and_scale():
    back = laid_over(laid_over(RIG, RIG), RIG)
    for one, old in zip(back, RIG, strict=True):
        assert np.allclose(one.center, old.center)
        assert np.allclose(one.rotation_matrix, old.rotation_matrix)
