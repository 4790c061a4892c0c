"""Frame by frame, in the layout of keypoint-MoSeq, read by h5py."""

from dataclasses import replace

import h5py
import numpy as np
from hypothesis import given
from tests.unit.io.ethogram.recordings import ethogram, framewise, recordings, some, write


def load(path):
    """Everything below the root, as keypoint-MoSeq loads results."""
    with h5py.File(path) as file:
        return {
            name: {key: data[()] for key, data in group.items()} for name, group in file.items()
        }, dict(file.attrs)


def test_a_group_per_animal_holds_what_moseq_calls_results(tmp_path):
    one = ethogram()
    _, pieces = framewise(one)
    alone = ethogram("solo", animals=("A0",), bouts=one.bouts[:3], untracked=())
    _, few = framewise(alone)
    write("moseq", [replace(one, pieces=pieces), replace(alone, pieces=few)], tmp_path / "r.h5")
    results, facts = load(tmp_path / "r.h5")
    assert list(results) == ["day 1_A0", "day 1_mouse:3", "day 1_Ünal _ 2", "solo"]
    assert {"syllable", "latent_state", "centroid", "heading"} < set(results["solo"])
    assert facts["labels"].tolist() == ["Sprünge <b>&", "rest"]
    labels = results["day 1_A0"]["label"]
    assert labels[:12].tolist() == [1] * 11 + [0]
    assert (labels[41:] == -1).all()
    assert "not syllables of a keypoint-MoSeq model" in facts["made_by"]


@some(15)
@given(recordings(overlapping=False))
def test_every_number_comes_back_and_untracked_is_not_unlabelled(tmp_path, one):
    told, pieces = framewise(one)
    path = tmp_path / "r.h5"
    path.unlink(missing_ok=True)
    write("moseq", [replace(one, pieces=pieces)], path)
    results, facts = load(path)
    for at, animal in enumerate(one.animals):
        name = "v" if len(one.animals) == 1 else f"v_{animal}".replace("/", "_")
        found = results[name]
        np.testing.assert_array_equal(found["syllable"], told.cluster[:, at])
        np.testing.assert_array_equal(found["latent_state"], told.embedded[:, at])
        np.testing.assert_array_equal(found["centroid"], told.centre[:, at])
        np.testing.assert_array_equal(found["heading"], told.heading[:, at])
        np.testing.assert_array_equal(found["tracked"], np.isfinite(told.heading[:, at]))
        labelled = np.full(one.n_frames, -1)
        for bout in one.of(animal):
            labelled[bout.start_frame : bout.end_frame + 1] = list(facts["labels"]).index(
                bout.label
            )
        np.testing.assert_array_equal(found["label"], labelled)
