"""BORIS projects and tables, read as BORIS reads them: a start is closed by the next stop.

With ``BEHAVIORVLM_BORIS_PYTHON`` (the interpreter of an environment with boris-behav-obs) the
program itself reads them too.
"""

import json
import os
import subprocess
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from tests.unit.io.ethogram.recordings import ethogram, frames_of, recordings, some, write

from napari_behaviorvlm.io.video import origin_of


def project_of(path):
    return json.loads(path.read_bytes().decode("cp1252"))  # as on a Windows machine


def stretches(events):
    """Seconds of every stretch by subject and behaviour, as BORIS pairs events."""
    ordered = sorted(events, key=lambda row: row[:3])
    found = {}
    for (subject, code), rows in groupby(
        sorted(ordered, key=lambda row: (row[1], row[2])), key=lambda row: (row[1], row[2])
    ):
        seconds = [row[0] for row in rows]
        pairs = list(zip(seconds[::2], seconds[1::2], strict=True))
        found[subject, code] = pairs
    return found


def test_a_project_has_what_boris_needs(tmp_path):
    path = tmp_path / "p.boris"
    write("boris", [ethogram(), ethogram("Tag 2", video=None)], path)
    project = project_of(path)
    assert project["project_format_version"] == "7.0"
    assert [one["name"] for one in project["subjects_conf"].values()] == [
        "A0", "Ünal / 2", "mouse:3"
    ]  # fmt: skip
    behaviours = {one["code"]: one for one in project["behaviors_conf"].values()}
    assert set(behaviours) == {"rest", "Sprünge <b>&", "untracked"}
    assert behaviours["rest"]["description"] == "does not move"
    assert behaviours["untracked"]["category"] == "tracking"
    assert project["behavioral_categories"] == ["tracking"]
    assert {one["type"] for one in behaviours.values()} == {"State event"}
    filmed, live = project["observations"].values()
    (video,) = filmed["file"]["1"]
    assert Path(video) == Path("/films/day 1.mp4").absolute()
    assert filmed["media_info"]["length"][video] == pytest.approx(3.333)
    assert filmed["media_info"]["fps"] == {video: 30.0}
    assert (filmed["type"], live["type"]) == ("MEDIA", "LIVE")
    first = next(row for row in filmed["events"] if row[1] == "A0")
    comment = 'Sits, "still";\nthen not. [measured, confidence 0.51]'
    assert first == [0.0, "A0", "rest", "", comment, 0]


def test_bouts_that_touch_stay_apart_and_end_where_the_next_frame_begins(tmp_path):
    path = tmp_path / "p.boris"
    write("boris", [ethogram()], path)
    (one,) = project_of(path)["observations"].values()
    found = stretches(one["events"])
    assert found["A0", "rest"] == [(0.0, 0.333), (0.333, 0.367)]
    assert found["Ünal / 2", "rest"] == [(1.0, 3.333)]
    assert found["mouse:3", "untracked"] == [(0.0, 3.333)]


def test_seconds_are_those_of_the_video_where_its_rate_varies(tmp_path):
    times = np.concatenate([np.arange(50) / 30, 10 + np.arange(50) / 30])
    path = tmp_path / "p.boris"
    write("boris", [ethogram(times=times)], path)
    (one,) = project_of(path)["observations"].values()
    assert stretches(one["events"])["Ünal / 2", "rest"] == [(1.0, 11.667)]


def test_a_behaviour_called_untracked_stays_one(tmp_path):
    bouts = (replace(ethogram().bouts[0], label="untracked"),)
    path = tmp_path / "p.boris"
    write("boris", [ethogram(bouts=bouts)], path)
    (one,) = project_of(path)["observations"].values()
    found = stretches(one["events"])
    assert found["A0", "untracked"] == [(0.0, 0.333)]
    assert found["A0", "untracked (not followed)"] == [(2.0, 3.333)]


@some(40)
@given(recordings())
def test_every_frame_comes_back_in_its_state(tmp_path, one):
    path = tmp_path / "p.boris"
    write("boris", [one], path)
    (observation,) = project_of(path)["observations"].values()
    found = {
        key: frames_of((round(a * one.fps), round(b * one.fps) - 1) for a, b in pairs)
        for key, pairs in stretches(observation["events"]).items()
    }
    told = {}
    for bout in one.bouts:
        key = (bout.animal, bout.label)
        told.setdefault(key, set()).update(range(bout.start_frame, bout.end_frame + 1))
    for gone in one.untracked:
        key = (gone.animal, next(name for name in _gone_names() if name not in one.labels))
        told.setdefault(key, set()).update(range(gone.start_frame, gone.end_frame + 1))
    assert found == told


def _gone_names():
    name = "untracked"
    while True:
        yield name
        name = f"{name} (not followed)"


@some(40)
@given(recordings())
def test_the_table_says_the_same_as_the_project(tmp_path, one):
    write("boris", [one], tmp_path / "p.boris")
    write("boris-csv", [one], tmp_path / "t.csv")
    (observation,) = project_of(tmp_path / "p.boris")["observations"].values()
    table = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, dtype=str)
    rows = list(zip(table.Time.astype(float), table.Subject, table.Behavior, strict=True))
    assert rows == [tuple(row[:3]) for row in observation["events"]]
    starts = table[table["Behavior type"] == "START"]
    assert len(starts) * 2 == len(table)


BORIS = """
import json, sys
import pandas as pd
import boris.config as cfg
from boris import export_observation, project_functions
path, out = sys.argv[1:]
_, changed, project, message = project_functions.open_project_json(path)
assert "error" not in project, project["error"]
said = project_functions.check_project_integrity(project, "hh:mm:ss", path, False)
name = list(project["observations"])[0]
chosen = {
    cfg.SELECTED_SUBJECTS: [one["name"] for one in project["subjects_conf"].values()],
    cfg.SELECTED_BEHAVIORS: [one["code"] for one in project["behaviors_conf"].values()],
    "time": cfg.TIME_FULL_OBS,
}
done = export_observation.export_tabular_events(
    project, chosen, name, project["observations"][name], project["behaviors_conf"], out, "csv")
print(json.dumps({"changed": changed, "said": said, "exported": done[0]}))
"""


@pytest.mark.skipif("BEHAVIORVLM_BORIS_PYTHON" not in os.environ, reason="needs BORIS")
def test_boris_itself_finds_no_fault_and_exports_our_table(tmp_path):
    film = tmp_path / "day 1.mp4"
    film.write_bytes(b"film")
    one = ethogram(video=film, origin=origin_of(film))
    write("boris", [one], tmp_path / "p.boris")
    write("boris-csv", [one], tmp_path / "ours.csv")
    done = subprocess.run(
        ["xvfb-run", "-a", os.environ["BEHAVIORVLM_BORIS_PYTHON"], "-c", BORIS,
         tmp_path / "p.boris", tmp_path / "theirs.csv"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert json.loads(done.stdout.strip().splitlines()[-1]) == {
        "changed": False, "said": "", "exported": True
    }  # fmt: skip
    ours, theirs = (pd.read_csv(tmp_path / f"{who}.csv") for who in ("ours", "theirs"))
    ours.Comment = ours.Comment.str.replace("\n", " ")  # as BORIS does
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
