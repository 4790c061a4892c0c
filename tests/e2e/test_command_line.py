"""From six videos to training sets with one command after the other."""

import json
import os
import signal
import sqlite3
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.e2e.conftest import Shell, new_arguments

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.state import load_state


def dots(project):
    with Project(project, writable=False) as opened:
        candidates = opened.candidates().read(range(opened.config.n_frames))
    return [candidates.frame, candidates.camera, candidates.number, candidates.xy]


def arrays(project):
    with Project(project, writable=False) as opened:
        state = load_state(opened)
    return [
        *dots(project), state.labels.xy, state.labels.candidate, state.labels.status,
        state.poses.points, state.poses.confidence,
    ]  # fmt: skip


def test_status_counts_what_is_there(project):
    status = Shell(project.parent).json("status", project)
    assert status["cameras"] == [f"cam{i}" for i in range(6)]
    assert status["detected_frames"] == status["frames"] >= 150
    assert len(status["seed_frames"]) == 3
    assert status["strategies"] == ["geometric"]
    assert status["points"] > 0.9 * status["points_possible"]
    assert sum(status["labels"].values()) == status["frames"] * 6 * 12


def test_the_geometric_strategy_is_right_on_the_sample(project, sample):
    with Project(project, writable=False) as opened:
        poses = load_state(opened).poses
    truth = np.load(sample.truth)
    seen = truth["visible"].sum(axis=1) >= 2
    error = np.linalg.norm(poses.points - truth["points3d"], axis=-1)[seen]
    known = np.isfinite(error)
    assert known.mean() > 0.93
    assert np.median(error[known]) < 0.3
    assert (error[known] < 5).mean() > 0.98


def test_labelling_again_changes_nothing_and_says_so(project):
    before = arrays(project)
    done = Shell(project.parent)("label", project)
    assert "nothing had changed" in done.stdout
    for old, new in zip(before, arrays(project), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `behaviorvlm demo` told, and where it lies."""
    shell = Shell(tmp_path_factory.mktemp("demo"), own_process=True)
    return shell.json("demo", "out", "--no-gui"), shell.folder


def test_a_killed_detection_goes_on_to_the_same_result(sample, demo, shell):
    shell(*new_arguments(sample, "mouse"))
    some = ("detect", "mouse", "--frames", "200:240")  # one chunk a camera
    process = shell.start(*some)
    while not list((shell.folder / "mouse" / "derived").rglob("chunk_*.npz")):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = shell.json(*some)
    assert 0 < done["new_chunks"] < 6
    whole = dots(demo[1] / "out" / "six_view_mouse")
    here = whole[0] >= 200
    for old, new in zip(whole, dots(shell.folder / "mouse"), strict=True):
        np.testing.assert_array_equal(old[here], new)


@pytest.mark.parametrize("seconds", [1.5, 4.0])
def test_a_killed_labelling_goes_on_to_the_same_result(project, labelled_project, seconds):
    shell = Shell(project.parent)
    for entry in (project / "derived" / "labels").iterdir():
        entry.rename(project.parent / "moved")
    connection = sqlite3.connect(project / "labels.sqlite")
    connection.execute("DELETE FROM run")
    connection.commit()
    connection.close()
    process = shell.start("label", project)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    shell("label", project)
    for old, new in zip(arrays(labelled_project), arrays(project), strict=True):
        np.testing.assert_array_equal(old, new)


def expected_rate(item):
    """Errors that a person removes per second there, as docs/identity.md has it."""
    mend = (2.60 if item["camera"] is None else 1.30) + (1.63 if item["run"] > 1 else 0)
    return item["doubt"] * item["run"] / (1.91 + item["doubt"] * mend)


def test_review_names_reasons_and_accepting_leaves_the_doubtful(project):
    shell = Shell(project.parent)
    before = shell.json("review", project, "--top", "1000")
    assert before["settled"] < before["total"]
    assert all(item["reason"] for item in before["items"])
    # Runs of up to 26 frames are mended whole by one correction, longer ones in part. A run that a
    # seed frame interrupts counts for less than it is long, so the order is not quite this one.
    worth = [expected_rate(item) for item in before["items"] if item["run"] <= 26]
    assert len(worth) > 20
    assert spearmanr(worth, range(len(worth))).statistic < -0.9
    doubt = [item["doubt"] for item in before["items"]]
    assert doubt != sorted(doubt, reverse=True)
    after = shell.json("review", project, "--accept", "unflagged")
    assert after["accepted"] > 5000
    assert after["waiting"] == before["waiting"] > 0
    assert after["expected_errors"] < before["expected_errors"]


def test_training_sets_hold_only_what_was_accepted(project):
    shell = Shell(project.parent)
    seeds_only = shell.json("export", project, "dlc", "early", "--scorer", "Ann")
    assert max(seeds_only["frames"].values()) == 3
    shell("review", project, "--accept", "unflagged")
    shell("export", project, "csv", "tables")
    table = pd.read_csv(project.parent / "tables" / "labels2d.csv")
    accepted = table[table.status.isin(["accepted", "corrected"])]
    by_hand = set(table.frame[table.source == "human"])
    accepted = accepted[(accepted.frame % 8 == 0) | accepted.frame.isin(by_hand)]
    shell("export", project, "dlc", "dlc", "--scorer", "Ann", "--every", "8")
    found = 0
    for folder in sorted((project.parent / "dlc").glob("**/labeled-data/*")):
        frame = pd.read_hdf(folder / "CollectedData_Ann.h5")
        found += int(frame.notna().to_numpy().sum()) // 2
        images = {path.name for path in folder.glob("*.png")}
        assert {index[2] for index in frame.index} == images
    assert found == len(accepted)


def test_csv_has_the_contracted_columns(project):
    Shell(project.parent)("export", project, "csv", "tables")
    with (project.parent / "tables" / "pose3d.csv").open() as file:
        header = "frame,keypoint,x,y,z,error_px,n_views,confidence,status,source,flags"
        assert file.readline().strip() == header
    with (project.parent / "tables" / "labels2d.csv").open() as file:
        header = "frame,camera,keypoint,candidate,x,y,error_px,confidence,status,source"
        assert file.readline().strip() == header


def test_sleap_reads_the_export(project):
    import sleap_io

    shell = Shell(project.parent)
    shell("review", project, "--accept", "unflagged")
    report = shell.json("export", project, "sleap", "sleap")
    plain = sleap_io.load_slp(project.parent / "sleap" / report["files"][0], open_videos=False)
    assert len(plain.videos) == 6
    assert [node.name for node in plain.skeleton.nodes][:2] == ["ear_L", "ear_R"]


def test_lightning_pose_coco_and_nwb_hold_the_same_labels(project):
    import pynwb
    from pycocotools.coco import COCO

    shell = Shell(project.parent)
    shell("review", project, "--accept", "unflagged")
    chosen = ("--only", "accepted", "--every", "40")
    lightning = shell.json("export", project, "lightning-pose", "lp", *chosen)
    coco = shell.json("export", project, "coco", "coco", *chosen)
    start = ("--session-start", "2026-05-01T14:30:00Z")
    nwb = shell.json("export", project, "nwb", "nwb", *chosen, *start)
    assert lightning["labels"] == coco["labels"] == nwb["labels"]
    assert nwb["points"] > 50
    assert lightning["warnings"] == coco["warnings"] == nwb["warnings"] == []

    with pynwb.NWBHDF5IO(str(project.parent / "nwb" / nwb["files"][0]), "r") as handle:
        module = handle.read().processing["behavior"]
        frames = module["frame_numbers"].data[:]
        view = module["MultiCameraPoseEstimation"].pose_estimations["cam3"]
        series = [view.pose_estimation_series[name] for name in view.skeleton.nodes[:]]
        expected = np.stack([each.data[:] for each in series], axis=1)
        training = module["PoseTraining"].training_frames.training_frames
        assert len(training) == 3 * 6, "the seed frames"

    table = pd.read_csv(project.parent / "lp/CollectedData_cam3.csv", header=[0, 1, 2], index_col=0)
    numbers = [int(index.rsplit("frame", 1)[1].removesuffix(".png")) for index in table.index]
    rows = np.searchsorted(frames, numbers)
    values = table.to_numpy(float).reshape(len(table), -1, 3)
    np.testing.assert_array_equal(values[..., :2], expected[rows])

    read = COCO(str(project.parent / "coco/annotations.json"))
    images = [image for image in read.imgs.values() if image["camera"] == "cam3"]
    for image in images:
        (annotation,) = read.imgToAnns[image["id"]]
        x, y, v = np.reshape(annotation["keypoints"], (-1, 3)).T
        here = np.where(v[:, None] == 2, np.stack([x, y], axis=-1), np.nan)
        np.testing.assert_array_equal(here, expected[np.searchsorted(frames, image["frame"])])
    assert len(images) == coco["frames"]["cam3"]


def test_candidates_leave_and_come_back(project):
    shell = Shell(project.parent)
    before = arrays(project)
    for name in ("dots.csv", "dots.parquet"):
        shell("candidates", "export", project, name)
        assert shell.json("candidates", "import", project, name)["candidates"] == len(before[0])
        for old, new in zip(before[:4], arrays(project)[:4], strict=True):
            np.testing.assert_allclose(old, new, atol=1e-9)
    assert "imported" in shell.fails("detect", project)


def test_triangulating_again_keeps_the_points(project):
    before = arrays(project)[-2]
    report = Shell(project.parent).json("triangulate", project)
    assert report["median_error"] < 1
    after = arrays(project)[-2]
    both = np.isfinite(before[..., 0]) & np.isfinite(after[..., 0])
    assert both.sum() > 0.95 * np.isfinite(before[..., 0]).sum()
    assert np.median(np.abs(before[both] - after[both])) < 0.05


def test_check_finds_nothing_wrong_with_the_sample(project):
    done = Shell(project.parent)("check", project)
    assert done.stdout.strip() == "Nothing is wrong."


def test_a_dry_run_costs_nothing_and_changes_nothing(project):
    plan = Shell(project.parent).json("label", project, "--dry-run")
    assert plan["vlm_calls"] == 0
    assert plan["cost_usd"] == 0


def test_the_demo_runs_and_runs_again(demo, labelled_project):
    first, folder = demo
    shell = Shell(folder)
    assert first["score"]["within"] > 0.98
    # The dots that come with the sample are those that detection finds.
    found = dots(folder / "out" / "six_view_mouse")
    for shipped, other in zip(dots(labelled_project), found, strict=True):
        np.testing.assert_allclose(shipped, other, atol=0.01)
    page = (shell.folder / "out" / "report.html").read_text()
    assert "not a vision-language model" in page
    assert '<script src="http' not in page
    second = shell.json("demo", "out", "--no-gui")
    assert second["labels"]["computed"] is False
    assert second["score"] == first["score"]
    places = json.loads(json.dumps(first["places"]))
    assert all((shell.folder / path).exists() for path in places.values())
