"""The captioner without a model: right numbers, right words, cautious where nothing is known."""

import numpy as np
import pytest
from tests.unit.behavior.mice import FPS, LENGTH, bodies_of, clips_of, straight

from napari_behaviorvlm.behavior.captions.measured import measure, measured_caption
from napari_behaviorvlm.behavior.captions.measures import Unit
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, Word
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

STILL = np.tile([400.0, 100.0], (60, 1))
CM = Unit("cm", LENGTH / 8)  # a mouse of 8 cm


def beside(right, below):
    return STILL + np.array([right, below], float)


def one(centres, headings, unit=None, vocabulary=None, **more):
    """Measures and caption of the first animal of a two-second clip."""
    centres = np.stack(centres, axis=1)
    headings = np.broadcast_to(np.asarray(headings, float), centres.shape[:2])
    bodies = bodies_of(centres, headings, **more)
    clips = clips_of([(0, 0, len(centres) - 1)], bodies.animals)
    (measures,) = measure(None, bodies, clips)
    return measures, measured_caption(measures, vocabulary, unit)


def test_speed_and_way_are_those_of_the_track():
    measures, caption = one([straight(3.0)], [0.0], unit=CM)
    assert measures.speed == pytest.approx(3.0, rel=1e-6)
    assert measures.displacement == pytest.approx(3.0 * 59 / FPS, rel=0.04)  # smoothed ends
    assert measures.body_length == pytest.approx(LENGTH)
    assert caption.label == "run"
    assert "A0 runs" in caption.description
    assert "24 cm/s" in caption.description
    assert caption.source == "measured"


@pytest.mark.parametrize(("speed", "label"), [(0.05, "rest"), (1.2, "walk"), (4.0, "run")])
def test_pace_decides_the_label(speed, label):
    assert one([straight(speed)], [0.0])[1].label == label


def test_the_label_does_not_depend_on_resolution():
    for scale in (0.2, 1.0, 5.0):
        centre = straight(3.0) * scale
        bodies = bodies_of(centre[:, None], np.zeros((60, 1)), length=LENGTH * scale)
        (measures,) = measure(None, bodies, clips_of([(0, 0, 59)]))
        assert measures.speed == pytest.approx(3.0, rel=1e-6)


def test_approach_names_whom():
    _, caption = one([straight(1.5, start=(250, 100)), STILL], [0.0, 0.0], unit=CM)
    assert caption.label == "approach"
    assert "A0 approaches A1" in caption.description


def test_going_away_is_no_approach():
    _, caption = one([straight(-1.5, start=(350, 100)), STILL], [np.pi, 0.0])
    assert caption.label == "walk"
    assert "away from A1" in caption.description


def test_chase_is_following_behind_and_the_one_in_front_does_not_chase():
    behind, ahead = straight(3.0, start=(100, 100)), straight(3.0, start=(180, 100))
    assert one([behind, ahead], [0.0, 0.0])[1].label == "chase"
    assert one([ahead, behind], [0.0, 0.0])[1].label == "run"


def test_running_past_somebody_is_no_approach():
    _, caption = one([straight(4.0, start=(200, 100)), beside(150, 0)], [0.0, 0.0])
    assert caption.label == "run"
    assert "towards A1" in caption.description


def test_a_chase_goes_round_corners_on_the_way_that_the_other_came():
    """Both run a circle, the one behind a quarter of it later: it never heads for the other."""
    angle = np.arange(90) * 3.0 / FPS  # rad/s, on a circle of one body length
    ahead, behind = (
        (300 + LENGTH * np.cos(a), 300 + LENGTH * np.sin(a)) for a in (angle + np.pi / 2, angle)
    )
    path = [np.stack(way, axis=1) for way in (behind, ahead)]
    headings = np.stack([angle + np.pi / 2, angle + np.pi], axis=1)
    measures, caption = one(path, headings)
    assert measures.relations[0].following > 0.5
    assert caption.label == "chase"
    assert caption.description.startswith("A0 chases A1")


def test_beside_is_more_than_near():
    apart = one([STILL, beside(0, 0.8 * LENGTH)], [0.0, 0.0])
    assert apart[1].label == "rest"
    # Nose to tail touches, too, but does not lie beside.
    in_line = one([STILL, beside(1.05 * LENGTH, 0)], [0.0, 0.0])
    assert in_line[0].relations[0].contact == 1
    assert in_line[1].label == "rest"


def nodding(amplitude, frames=180):
    """Keypoints of a still mouse whose nose nods against its body, from the second second on."""
    shape = np.array([[20, 0], [10, -5], [10, 5], [0, 0], [-20, 0]], float)
    points = np.tile(shape, (frames, 1, 1, 1)) + 200
    nod = amplitude * np.sin(2 * np.pi * 5 * np.arange(frames) / FPS)
    nod[:60] = 0
    points[:, 0, 0] = 200 + np.stack([20 * np.cos(nod), 20 * np.sin(nod)], axis=1)
    points += np.random.default_rng(0).normal(0, 0.3, points.shape)
    names = ("nose", "ear_L", "ear_R", "back", "tail_base")
    return Tracks(("A0",), names, FPS, points)


@pytest.mark.parametrize(("amplitude", "label"), [(0.0, "rest"), (0.5, "groom")])
def test_a_head_that_nods_on_the_spot_hints_at_grooming(amplitude, label):
    measures = measure(nodding(amplitude), None, clips_of([(0, 0, 59), (0, 90, 179)]))
    captions = [measured_caption(one) for one in measures]
    assert [one.label for one in captions] == ["rest", label]
    assert captions[1].confidence <= 0.6 or label == "rest"


def test_a_head_that_moves_in_its_pictures_hints_at_grooming():
    bodies = bodies_of(np.tile([100.0, 100.0], (180, 1, 1)), np.zeros((180, 1)))
    energy = np.full((180, 1), 0.03)
    energy[90:] = 0.2
    measures = measure(None, bodies, clips_of([(0, 0, 59), (0, 100, 179)]), energy)
    assert [measured_caption(one).label for one in measures] == ["rest", "groom"]


def test_a_small_animal_is_not_short():
    lengths = np.full((120, 2), LENGTH)
    lengths[:, 1] = 0.7 * LENGTH
    centres = np.stack([straight(1.0, 120), straight(1.0, 120, start=(100, 300))], axis=1)
    centres[60:] = centres[60]
    measures = measure(None, bodies_of(centres, np.zeros((120, 2)), lengths),
                       clips_of([(0, 70, 119), (1, 70, 119)], ("A0", "A1")))  # fmt: skip
    assert [one.elongation for one in measures] == pytest.approx([1.0, 1.0])
    assert [measured_caption(one).label for one in measures] == ["rest", "rest"]


def test_huddle_is_rest_in_contact():
    near = STILL + np.array([0.0, 12.0])
    _, caption = one([STILL, near], [0.0, 0.0])
    assert caption.label == "huddle"
    assert "A1" in caption.description


def test_a_short_body_on_the_spot_hints_at_rearing_and_is_not_sure():
    lengths = np.full((120, 1), LENGTH)
    lengths[60:] = 0.6 * LENGTH
    bodies = bodies_of(np.tile([100.0, 100.0], (120, 1, 1)), np.zeros((120, 1)), lengths)
    measures = measure(None, bodies, clips_of([(0, 0, 59), (0, 61, 119)]))
    # The usual length is the median of the recording, here between the two.
    caption = measured_caption(measures[1])
    assert caption.label == "rear"
    assert caption.confidence <= 0.6
    assert "seems" in caption.description


def test_stops_and_starts_are_told():
    run = straight(3.0, 40)
    path = np.concatenate([run, np.tile(run[-1], (20, 1))])
    assert one([path], [0.0])[1].description.endswith("then stops.")
    assert one([path[::-1]], [np.pi])[1].description.endswith("from standing.")


def test_missing_frames_do_not_hurt_and_an_unseen_animal_is_not_described():
    path = straight(3.0)
    path[20:40] = np.nan
    measures, caption = one([path], [0.0])
    assert measures.tracked == pytest.approx(40 / 60)
    assert measures.speed == pytest.approx(3.0, rel=0.02)
    assert caption.label == "run"
    seen = np.stack([np.full((60, 2), np.nan), STILL], axis=1)
    clips = clips_of([(0, 0, 59)], ("A0", "A1"))
    (nothing,) = measure(None, bodies_of(seen, np.zeros((60, 2))), clips)
    caption = measured_caption(nothing)
    assert (caption.label, caption.confidence) == ("unclear", 0.0)


def test_the_labs_words_are_used_where_they_have_one():
    words = Vocabulary([Word("Rennen", synonyms=("running",)), Word("Ruhe", synonyms=("rest",))])
    assert one([straight(3.0)], [0.0], vocabulary=words)[1].label == "Rennen"
    assert one([straight(1.0)], [0.0], vocabulary=words)[1].label == "walk"


def test_tracks_and_clips_must_name_the_same_animals():
    bodies = bodies_of(straight(1.0)[:, None], np.zeros((60, 1)))
    with pytest.raises(TableError, match="the same names"):
        measure(None, bodies, clips_of([(0, 0, 59)], ("other",)))
    with pytest.raises(TableError, match="neither"):
        measure(None, None, clips_of([(0, 0, 59)]))
