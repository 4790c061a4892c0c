"""What a model's word is worth."""

import numpy as np
import pytest

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.strategies.fused.confusion import Confusion, ConfusionPrior

MOUSE = Skeleton.quantum_dot_mouse()
LEFT, RIGHT = MOUSE.index("ear_L"), MOUSE.index("ear_R")
BASE, TIP = MOUSE.index("tail_base"), MOUSE.index("tail_tip")


def test_probabilities_of_what_is_said_sum_to_one():
    confusion = Confusion(MOUSE)
    assert confusion.probability.sum(1) == pytest.approx(1)
    assert np.diag(confusion.probability) == pytest.approx(0.8, abs=0.02)
    assert confusion.probability[LEFT, RIGHT] > 4 * confusion.probability[LEFT, TIP]


def test_a_word_speaks_for_its_keypoint_and_less_for_the_other_side():
    weights = Confusion(MOUSE).weights(np.array([LEFT]))[0]
    assert weights.argmax() == LEFT
    assert weights[LEFT] == pytest.approx(np.log(0.8 * 12), abs=0.05)
    assert weights[RIGHT] > weights[TIP]
    assert weights[TIP] < 0


def test_a_model_that_exchanges_sides_is_not_believed_about_sides_any_more():
    confusion = Confusion(MOUSE)
    is_ = np.array([LEFT, RIGHT] * 40)
    said = np.where(np.arange(80) % 4 < 2, is_, is_[::-1])
    confusion.learn(is_, said)
    weights = confusion.weights(np.array([LEFT]))[0]
    assert weights[LEFT] - weights[RIGHT] == pytest.approx(0, abs=0.25)
    assert weights[LEFT] - weights[TIP] > 3


def test_words_of_several_views_share_one_vote_about_sides():
    confusion = Confusion(MOUSE)
    alone, shared, none = confusion.weights(np.array([LEFT] * 3), np.array([1.0, 0.5, 0.0]))
    side = alone[LEFT] - alone[RIGHT]
    assert side > 1.5
    assert shared[LEFT] - shared[RIGHT] == pytest.approx(side / 2)
    assert none[LEFT] == pytest.approx(none[RIGHT])
    assert none[LEFT] - none[TIP] == pytest.approx(alone[LEFT] - alone[TIP], abs=1.0)


def test_experience_counts_as_much_as_it_weighs():
    once, thrice = Confusion(MOUSE), Confusion(MOUSE)
    once.learn(np.array([LEFT]), np.array([RIGHT]))
    thrice.learn(np.array([LEFT] * 3), np.array([RIGHT] * 3), np.full(3, 1 / 3))
    assert thrice.probability == pytest.approx(once.probability)


def test_a_model_that_names_specks_is_believed_less():
    before = Confusion(MOUSE)
    after = Confusion(MOUSE)
    after.learn(np.full(60, len(MOUSE)), np.full(60, BASE))
    said = np.array([BASE])
    assert after.weights(said)[0, BASE] < before.weights(said)[0, BASE] - 1.5


def test_a_skeleton_without_regions_and_sides_has_a_prior_too():
    plain = Skeleton(("a", "b", "c"))
    probability = Confusion(plain, ConfusionPrior(right=0.7)).probability
    assert probability[0].tolist() == pytest.approx([0.8, 0.1, 0.1])
