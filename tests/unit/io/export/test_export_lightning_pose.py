"""Lightning Pose projects: layout, rows that agree over views, and its own loader."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.export import ExportSession, export
from napari_behaviorvlm.io.export.lightning_pose import view_names

NAME = "Mouse-1-dia-2"
VIEWS = ("Came1", "cam2")


@pytest.fixture
def project(session, run, tmp_path) -> Path:
    for source in session.videos.values():
        source.write_bytes(b"video")
    run(export(session, "lightning-pose", tmp_path / "lp"))
    return tmp_path / "lp"


def table(folder: Path, view: str) -> pd.DataFrame:
    """As Lightning Pose's documentation tells to read it."""
    return pd.read_csv(folder / f"CollectedData_{view}.csv", header=[0, 1, 2], index_col=0)


def test_project_file(session, project):
    content = yaml.safe_load((project / "project.yaml").read_text("utf-8"))
    assert content == {
        "view_names": list(VIEWS), "keypoint_names": list(session.skeleton.keypoints),
    }  # fmt: skip


def test_rows_are_the_same_frames_in_every_view(project):
    images = [f"frame{frame:08d}.png" for frame in (3, 7)]
    for view in VIEWS:
        folder = f"labeled-data/{NAME}_{view}"
        assert list(table(project, view).index) == [f"{folder}/{name}" for name in images]
        assert sorted(path.name for path in (project / folder).iterdir()) == images


def test_a_frame_labelled_in_one_view_only_has_a_row_and_a_picture_in_all(session, run, tmp_path):
    run(export(session, "lightning-pose", tmp_path / "lp", only="all"))
    alone = table(tmp_path / "lp", VIEWS[0]).iloc[2]
    assert alone.xs("x", level=2).isna().all()
    assert (alone.xs("visible", level=2) == 0).all()
    assert table(tmp_path / "lp", VIEWS[1]).iloc[2].notna().all()
    assert (tmp_path / f"lp/labeled-data/{NAME}_{VIEWS[0]}/frame00000012.png").is_file()


def test_positions_and_visibility(session, project):
    accepted = np.isin(session.labels.status, (Status.ACCEPTED, Status.CORRECTED))
    for c, view in enumerate(VIEWS):
        read = table(project, view)
        assert read.columns.names == ["scorer", "bodyparts", "coords"]
        assert set(read.columns.get_level_values(0)) == {"Ann"}
        expected = np.where(accepted[:2, c, :, None], session.labels.xy[:2, c], np.nan)
        for axis, coordinate in enumerate("xy"):
            values = read.xs(coordinate, axis=1, level=2).to_numpy()
            np.testing.assert_array_equal(values, expected[..., axis])
    # nose, ear_L (rejected), tail base (occluded by a person), paw
    first = table(project, VIEWS[0]).iloc[0].xs("visible", level=2)
    assert first.tolist() == [2, 0, 1, 2]
    # tail base out of view; the paw's occlusion is the program's alone
    assert table(project, VIEWS[1]).iloc[0].xs("visible", level=2).tolist() == [2, 2, 0, 0]
    text = (project / f"CollectedData_{VIEWS[0]}.csv").read_text().splitlines()
    assert text[2].startswith("coords,x,y,visible,x,y,visible")
    assert text[3].endswith(",2")
    assert ",,,1," in text[3], "whole numbers, not 1.0"


def test_pictures_are_the_exact_frames(session, project, picture):
    for c, view in enumerate(VIEWS):
        for frame in (3, 7):
            path = project / f"labeled-data/{NAME}_{view}/frame{frame:08d}.png"
            np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], picture(c, frame))


def test_calibration_has_the_views_names_in_their_order(session, project):
    rig = read_calibration(project / f"calibrations/{NAME}.toml")
    assert rig.names == VIEWS
    for written, known in zip(rig, session.rig, strict=True):
        np.testing.assert_array_equal(written.matrix, known.matrix)
        np.testing.assert_array_equal(written.distortion, known.distortion)
        np.testing.assert_array_equal(written.translation, known.translation)


def test_order_survives_sorting_as_text_with_eleven_cameras(run, tmp_path):
    rig = Rig(tuple(Camera(f"cam{i}", (8, 8), np.diag([9.0, 9, 1])) for i in range(11)))
    labels = Labels.empty(np.array([0]), 11, 1)
    labels.xy[:], labels.status[:], labels.source[:] = 3.0, Status.ACCEPTED, Source.HUMAN
    session = ExportSession(
        "s", rig, Skeleton(("nose",)), labels, {n: tmp_path / f"{n}.mp4" for n in rig.names},
        lambda *_: np.zeros((8, 8), np.uint8),
    )  # fmt: skip
    run(export(session, "lightning-pose", tmp_path / "lp"))
    import tomllib

    tables = tomllib.loads((tmp_path / "lp/calibrations/s.toml").read_text())
    names = [tables[key]["name"] for key in sorted(tables) if key != "metadata"]
    views = yaml.safe_load((tmp_path / "lp/project.yaml").read_text())["view_names"]
    assert names == views
    assert views[:3] == ["cam0", "cam1v1", "cam2"], "cam1 is part of cam10"


def test_short_lens_models_are_filled_up_alike(make_session, run, tmp_path):
    session = make_session()
    first, second = session.rig
    short = Camera("Cam é 1", first.size, first.matrix, [0.1, 0.2, 0.3, 0.4])
    rig = Rig((short, replace(second, distortion=np.arange(8) / 100)))
    run(export(make_session(rig=rig), "lightning-pose", tmp_path / "lp"))
    written = read_calibration(tmp_path / f"lp/calibrations/{NAME}.toml")
    assert written["Came1"].distortion.tolist() == [0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0]
    assert written["cam2"].distortion.tolist() == (np.arange(8) / 100).tolist()


def test_fisheye_is_said_and_left_to_our_own_calibration(make_session, run, tmp_path):
    first, second = make_session().rig
    rig = Rig((first, replace(second, distortion=np.zeros(4), fisheye=True)))
    report = run(export(make_session(rig=rig), "lightning-pose", tmp_path / "lp"))
    assert any("fisheye camera 'cam 2'" in warning for warning in report.warnings)
    assert not (tmp_path / "lp/calibrations").exists()
    assert read_calibration(tmp_path / "lp/behaviorvlm/calibration.toml")["cam 2"].fisheye


def test_videos_are_linked_under_session_and_view(project, session, make_session, run, tmp_path):
    links = {path.name: path.resolve() for path in (project / "videos").iterdir()}
    assert links == {
        f"{NAME}_{view}.mp4": source.resolve()
        for view, source in zip(VIEWS, session.videos.values(), strict=True)
    }
    other = {name: path.with_suffix(".avi") for name, path in session.videos.items()}
    report = run(export(make_session(videos=other), "lightning-pose", tmp_path / "avi"))
    assert any("convert .avi" in warning for warning in report.warnings)


def test_a_camera_without_labels_is_left_out_everywhere(session, run, tmp_path):
    session.labels.status[:, 0] = Status.PROPOSED
    report = run(export(session, "lightning-pose", tmp_path / "lp"))
    assert any("'Cam é 1'" in warning for warning in report.warnings)
    content = yaml.safe_load((tmp_path / "lp/project.yaml").read_text("utf-8"))
    assert content["view_names"] == ["cam2"]
    assert read_calibration(tmp_path / f"lp/calibrations/{NAME}.toml").names == ("cam2",)
    assert not list((tmp_path / "lp").glob("*Came1*"))


def test_the_sidecar_tells_views_and_every_exported_cell(session, project):
    mapped = json.loads((project / "behaviorvlm/frame_map.json").read_text("utf-8"))
    assert mapped["cameras"]["Cam é 1"]["stem"] == f"{NAME}_Came1"
    cells = pd.read_csv(project / "behaviorvlm/visibility.csv", keep_default_na=False)
    words = cells.set_index(["frame", "camera", "keypoint"])["visibility"]
    assert len(words) == 2 * 2 * 4
    assert words[3, "cam 2", "tail base"] == "out_of_view"
    assert words[3, "cam 2", "paw"] == "unconfirmed"
    assert words[3, "Cam é 1", "ear_L"] == "rejected"
    assert words[7, "cam 2", "paw"] == "unlabelled"


@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=6, unique=True),
    st.text(max_size=8),
)
def test_no_view_can_be_taken_for_another_or_for_the_session(cameras, name):
    rig = Rig(tuple(Camera(each, None, np.eye(3)) for each in cameras))
    labels = Labels.empty(np.arange(1), len(rig), 1)
    session = ExportSession(name, rig, Skeleton(("nose",)), labels, {}, lambda *_: None)
    views = list(view_names(session).values())
    assert all(view.isascii() and view.isalnum() for view in views)
    for view in views:
        assert sum(view.lower() in other.lower() for other in views) == 1
        assert view.lower() not in name.lower()


def test_lightning_pose_loads_it(session, project):
    """Its own dataset, with our calibration found by itself."""
    python = os.environ.get("BEHAVIORVLM_LIGHTNING_POSE_PYTHON")
    if not python:
        pytest.skip("BEHAVIORVLM_LIGHTNING_POSE_PYTHON names no python")
    script = Path(__file__).with_name("lightning_pose_reads.py")
    done = subprocess.run(
        [python, "-W", "ignore", str(script), str(project)],
        capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    read = json.loads(done.stdout.strip().split("\n")[-1])
    accepted = np.isin(session.labels.status, (Status.ACCEPTED, Status.CORRECTED))
    for c, view in enumerate(VIEWS):
        expected = np.where(accepted[:2, c, :, None], session.labels.xy[:2, c], np.nan)
        np.testing.assert_allclose(np.array(read["xy"][view], float), expected, rtol=1e-6)
        assert read["keypoints"][view] == list(session.skeleton.keypoints)
    assert read["visible"]["Came1"] == [[2, 0, 1, 2], [2, 0, 2, 0]]
    assert read["pictures"] == [[2, 3, 128, 128]] * 2
    np.testing.assert_allclose(read["intrinsics"], [camera.matrix for camera in session.rig])
    assert read["videos"] == [[f"{NAME}_{view}.mp4" for view in VIEWS]]
