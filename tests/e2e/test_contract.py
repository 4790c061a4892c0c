"""What other people's scripts rely on: exit codes, one JSON object, columns, meanings."""

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from tests.e2e.commands import run_here
from tests.gui.widgets.filmed_session import write_recording
from tests.unit.workflows.small_session import seed_rows, small_rig

from napari_behaviorvlm.cli.main import main
from napari_behaviorvlm.io.video import open_video


def run(*arguments, code=0):
    """Run a command in this process; its one JSON object."""
    done = run_here([*arguments, "--json"], Path.cwd(), os.environ)
    assert done.returncode == code, done.stderr
    assert done.stdout.count("\n") == 1, "one line"
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_every_command_prints_one_object(project, tmp_path):
    status = run("status", project)
    assert {
        "frames", "candidates", "labels", "flags", "cost_usd", "seed_frames", "points",
    } <= status.keys()  # fmt: skip
    assert {"proposed", "accepted", "corrected", "occluded"} <= status["labels"].keys()
    assert run("check", project) == {"ok": True, "findings": []}
    assert run("detect", project)["new_chunks"] == 0
    assert run("label", project)["computed"] is False
    assert run("label", project, "--dry-run")["cost_usd"] == 0
    assert run("triangulate", project)["points"] == status["points"]
    assert run("candidates", "export", project, tmp_path / "dots.csv")["candidates"] > 0
    listed = run("review", project, "--top", 3)["items"]
    assert len(listed) == 3
    assert {"frame", "keypoint", "camera", "reason", "error_px"} <= listed[0].keys()
    assert run("review", project, "--top", 0)["items"] == []
    exported = run("export", project, "csv", tmp_path / "tables", "--every", "50")
    assert exported["files"] == ["pose3d.csv", "labels2d.csv"]
    assert run("mend", project)["moved"] == []


def test_candidates_have_the_contracted_columns(project, tmp_path):
    for suffix, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        path = tmp_path / f"dots.{suffix}"
        run("candidates", "export", project, path, "--frames", "3:5")
        table = read(path)
        assert list(table.columns) == [
            "frame", "camera", "number", "x", "y", "intensity", "size",
        ]  # fmt: skip
        assert set(table["frame"]) == {3, 4}
        assert table.groupby(["frame", "camera"])["number"].min().eq(1).all()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project of three frames: folders of images, cm, 25 frames a second; what was told."""
    place = tmp_path_factory.mktemp("made")
    there = write_recording(place / "videos", n_frames=3)
    given = []
    for path in sorted(there.glob("*.mp4")):
        folder = place / "images" / path.stem
        folder.mkdir(parents=True)
        with open_video(path) as reader:
            for frame in range(3):
                cv2.imwrite(str(folder / f"img{frame}.png"), reader.read(frame))
        given.append(f"{path.stem}={folder}")
    told = run(
        "new", place / "mouse", "--calibration", there / "calibration.toml",
        "--skeleton", there / "skeleton.toml", "--video", *given, "--unit", "cm", "--fps", "25",
    )  # fmt: skip
    assert run("detect", place / "mouse", "--jobs", 1)["candidates"] >= 3 * 4 * 2
    return place, told


@pytest.fixture
def small(made, tmp_path):
    """A private copy of that project, beside its pictures; what was told of it."""
    place, told = made
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    return told


def test_folders_of_images_unit_and_skeleton(small, tmp_path):
    assert (small["frames"], small["fps"]) == (3, 25)
    assert small["keypoints"] == ["nose", "back", "tail"]
    assert small["cameras"] == [f"cam{at}" for at in range(4)]
    assert 'unit = "cm"' in (tmp_path / "mouse/project.toml").read_text()


def test_seeds_snap_within_five_pixels_and_empty_is_occluded(small, tmp_path):
    project = tmp_path / "mouse"
    run("candidates", "export", project, tmp_path / "dots.csv", "--frames", "1")
    dots = pd.read_csv(tmp_path / "dots.csv")
    near, far = (dots[dots.camera == camera].iloc[0] for camera in ("cam0", "cam1"))
    others = dots[dots.camera == "cam1"]
    assert np.hypot(others.x - far.x - 5.2, others.y - far.y).min() > 5, "nothing else is near"
    (tmp_path / "seeds.csv").write_text(
        "frame,camera,keypoint,x,y\n"
        f"1,cam0,nose,{near.x + 3},{near.y - 3.9}\n"
        f"1,cam1,nose,{far.x + 5.2},{far.y}\n"
        "1,cam2,nose,,\n"
    )
    report = run("seed", project, tmp_path / "seeds.csv")
    assert (report["labels"], report["snapped"], report["occluded"]) == (3, 1, 1)
    run("export", project, "csv", tmp_path / "tables")
    rows = pd.read_csv(tmp_path / "tables/labels2d.csv").set_index("camera")
    assert rows.loc["cam0", ["x", "y", "candidate"]].tolist() == [near.x, near.y, near.number]
    assert rows.loc["cam1", ["x", "y"]].tolist() == [far.x + 5.2, far.y]
    assert np.isnan(rows.loc["cam1", "candidate"])
    assert rows.loc["cam2", "status"] == "occluded"
    assert np.isnan(rows.loc["cam2", "x"])
    assert set(rows.source) == {"human"}
    assert set(rows.keypoint) == {"nose"}


def test_a_dry_run_names_calls_tokens_and_cost_without_a_key(small, tmp_path, monkeypatch, capsys):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    project, seeds = tmp_path / "mouse", tmp_path / "seeds.csv"
    seeds.write_text(seed_rows([0, 1], small_rig()))
    run("seed", project, seeds)
    asked = ("--strategy", "paper", "--frames", "2:3", "--dry-run")
    plan = run("label", project, *asked, "--model", "claude-sonnet-4-5")
    assert plan["vlm_calls"] > 3
    assert plan["input_tokens"] > 0 < plan["cost_usd"]
    assert main(["label", str(project), *asked]) == 1
    assert "Name a model" in capsys.readouterr().err


def test_several_projects_at_once(small, tmp_path, capsys):
    shutil.copytree(tmp_path / "mouse", tmp_path / "second")
    seeds = tmp_path / "seeds.csv"
    seeds.write_text(seed_rows([0, 1, 2], small_rig()))
    both = [tmp_path / "mouse", tmp_path / "second"]
    for project in both:
        run("seed", project, seeds)
    detected = run("detect", *both)["projects"]
    assert [each["project"] for each in detected] == [str(each) for each in both]
    assert {each["frames"] for each in detected} == {3}
    labelled = run("label", *both)["projects"]
    assert labelled[0]["points"] == labelled[1]["points"] == 9
    assert main(["label", *map(str, both)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [str(each) for each in both]
    assert main(["detect", str(both[0]), str(both[0])]) == 2
    assert "more than once" in capsys.readouterr().err
    assert main(["label", str(both[0]), "--scheduler", "tcp://127.0.0.1:1"]) == 0, "all is solved"
