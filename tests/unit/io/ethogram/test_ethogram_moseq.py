"""Frame by frame, in the layout of keypoint-MoSeq, read by h5py.

With ``BEHAVIORVLM_MOSEQ_PYTHON`` (the interpreter of an environment with keypoint-moseq) that reads
them too.
"""

import json
import os
import subprocess
from dataclasses import replace

import h5py
import numpy as np
import pytest
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
    both = [replace(one, pieces=pieces), replace(alone, pieces=few)]
    (note,) = write("moseq", both, tmp_path / "r.h5")
    assert note.startswith("day 1: frames in which an animal is not followed")
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


MOSEQ = """
import json, sys
import numpy as np
import keypoint_moseq as kpms
results = kpms.load_results(sys.argv[1], "model")
frame = kpms.compute_moseq_df(sys.argv[1], "model", fps=30)
kpms.save_results_as_csv(results, sys.argv[1], "model")
print(json.dumps({
    "names": sorted(results), "rows": len(frame), "onsets": int(frame.onset.sum()),
    "latent": float(np.abs(results["v_A0"]["latent_state"]).sum()),
}))
"""


@pytest.mark.skipif("BEHAVIORVLM_MOSEQ_PYTHON" not in os.environ, reason="needs keypoint-moseq")
def test_keypoint_moseq_itself_reads_and_counts_it(tmp_path):
    one = ethogram("v", animals=("A0", "A1"), bouts=(), untracked=())
    told, pieces = framewise(one)
    (tmp_path / "model").mkdir()
    write("moseq", [replace(one, pieces=pieces)], tmp_path / "model" / "results.h5")
    done = subprocess.run(
        [os.environ["BEHAVIORVLM_MOSEQ_PYTHON"], "-c", MOSEQ, tmp_path], capture_output=True,
        text=True, check=True, env={**os.environ, "PYTHONPATH": "", "MPLBACKEND": "agg"},
    )  # fmt: skip
    found = json.loads(done.stdout.strip().splitlines()[-1])
    changes = (np.diff(told.cluster, axis=0) != 0).sum() + 2
    assert found["names"] == ["v_A0", "v_A1"]
    assert found["rows"] == 200
    assert found["onsets"] == changes
    assert found["latent"] == pytest.approx(np.abs(told.embedded[:, 0]).sum())
