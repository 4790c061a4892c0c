"""The DeepLabCut project, read back by pandas, sleap-io, other pandas and DeepLabCut itself."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import sleap_io as sio
import yaml

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.export import export

STEMS = ("Mouse-1-dia-2_Cam-e-1", "Mouse-1-dia-2_cam-2")

CONFIG_KEYS = {
    "Task", "scorer", "date", "multianimalproject", "identity", "project_path", "engine",
    "video_sets", "bodyparts", "start", "stop", "numframes2pick", "skeleton", "skeleton_color",
    "pcutoff", "dotsize", "alphavalue", "colormap", "TrainingFraction", "iteration",
    "default_net_type", "default_augmenter", "snapshotindex", "detector_snapshotindex",
    "batch_size", "detector_batch_size", "cropping", "x1", "x2", "y1", "y2", "corner2move2",
    "move2corner",
}  # fmt: skip


@pytest.fixture
def project(session, run, tmp_path) -> Path:
    run(export(session, "dlc", tmp_path / "out"))
    return tmp_path / "out"


def test_labels_by_pandas(session, project):
    frame = pd.read_hdf(project / "labeled-data" / STEMS[0] / "CollectedData_Ann.h5")
    assert list(frame.index) == [
        ("labeled-data", STEMS[0], "img000003.png"),
        ("labeled-data", STEMS[0], "img000007.png"),
    ]
    assert list(frame.columns.names) == ["scorer", "bodyparts", "coords"]
    assert list(frame.columns)[:3] == [
        ("Ann", "nose", "x"),
        ("Ann", "nose", "y"),
        ("Ann", "ear_L", "x"),
    ]
    xy = frame.to_numpy().reshape(2, 4, 2)
    np.testing.assert_array_equal(xy[:, [0, 2, 3]][0, [0, 2]], session.labels.xy[0, 0, [0, 3]])
    assert np.isnan(xy[0, [1, 2]]).all(), "rejected and occluded"
    assert np.isnan(xy[1, [1, 3]]).all(), "proposed and unlabelled"


def test_key_and_format_are_deeplabcuts(project):
    import tables

    with tables.open_file(project / "labeled-data" / STEMS[0] / "CollectedData_Ann.h5") as file:
        group = file.get_node("/df_with_missing")
        assert [node._v_name for node in file.iter_nodes("/")] == ["df_with_missing"]
        assert group._v_attrs.pandas_type == "frame"
        assert (group._v_attrs.axis0_nlevels, group._v_attrs.axis1_nlevels) == (3, 3)


def test_csv_header_is_deeplabcuts(project):
    lines = (project / "labeled-data" / STEMS[1] / "CollectedData_Ann.csv").read_text().split("\n")
    assert lines[0] == "scorer,,,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann"
    assert lines[1].startswith("bodyparts,,,nose,nose,ear_L,ear_L,tail base,tail base,")
    assert lines[2] == "coords,,,x,y,x,y,x,y,x,y"
    assert lines[3].startswith(f"labeled-data,{STEMS[1]},img000003.png,")
    read = pd.read_csv(
        project / "labeled-data" / STEMS[1] / "CollectedData_Ann.csv",
        header=[0, 1, 2], index_col=[0, 1, 2],
    )  # fmt: skip
    hdf = pd.read_hdf(project / "labeled-data" / STEMS[1] / "CollectedData_Ann.h5")
    np.testing.assert_array_equal(read.to_numpy(), hdf.to_numpy())


def test_images_are_the_exact_frames(project, picture):
    for camera, stem in enumerate(STEMS):
        for frame in (3, 7):
            image = cv2.imread(str(project / "labeled-data" / stem / f"img{frame:06d}.png"))
            np.testing.assert_array_equal(image[..., ::-1], picture(camera, frame))
    assert not list(project.rglob("img000012.png")), "frame without an accepted label"


def test_config(project):
    config = yaml.safe_load((project / "config.yaml").read_text())
    assert set(config) >= CONFIG_KEYS
    assert config["project_path"] == str(project)
    assert [Path(key).stem for key in config["video_sets"]] == list(STEMS)
    assert {video["crop"] for video in config["video_sets"].values()} == {"0, 64, 0, 48"}
    assert config["bodyparts"] == ["nose", "ear_L", "tail base", "paw"]
    assert config["scorer"] == "Ann"


def test_videos_are_linked_under_the_stem(project, tmp_path):
    config = yaml.safe_load((project / "config.yaml").read_text())
    for number, key in enumerate(config["video_sets"]):
        assert Path(key).is_symlink()
        assert Path(key).readlink() == tmp_path / f"trial{number}.mp4"


def test_sidecar(session, project):
    rig = read_calibration(project / "behaviorvlm/calibration.toml")
    assert rig.names == session.rig.names
    np.testing.assert_array_equal(rig.cameras[1].matrix, session.rig.cameras[1].matrix)
    images = json.loads((project / "behaviorvlm/frame_map.json").read_text())["images"]
    assert {
        "stem": STEMS[0], "camera": "Cam é 1", "frame": 7,
        "image": f"labeled-data/{STEMS[0]}/img000007.png",
    } in images  # fmt: skip
    assert all((project / entry["image"]).is_file() for entry in images)
    cells = pd.read_csv(project / "behaviorvlm/visibility.csv").set_index(
        ["frame", "camera", "keypoint"]
    )["visibility"]
    assert cells[3, "Cam é 1", "tail base"] == "occluded"
    assert cells[3, "cam 2", "tail base"] == "out_of_view"
    assert cells[7, "Cam é 1", "paw"] == "unlabelled"
    assert cells[7, "Cam é 1", "ear_L"] == "unconfirmed"
    assert len(cells) == 2 * 2 * 4


def test_sleap_io_reads_it(session, project):
    labels = sio.load_dlc(str(project / "labeled-data" / STEMS[1] / "CollectedData_Ann.csv"))
    nodes = labels.skeletons[0].node_names  # in alphabetical order: sleap-io sorts them
    order = [session.skeleton.index(name) for name in nodes]
    read = np.stack([labelled.instances[0].numpy() for labelled in labels])
    accepted = np.isin(session.labels.status[:2, 1], (Status.ACCEPTED, Status.CORRECTED))
    expected = np.where(accepted[..., None], session.labels.xy[:2, 1], np.nan)
    np.testing.assert_allclose(read, expected[:, order], rtol=0, atol=1e-12)


def test_cameras_that_differ_only_in_case_get_folders_of_their_own(make_session, run, tmp_path):
    rig = Rig(tuple(Camera(name, (64, 48), np.diag([50, 50, 1])) for name in ("cam", "CAM")))
    run(export(make_session(rig=rig), "dlc", tmp_path / "out"))
    folders = sorted(path.name.lower() for path in (tmp_path / "out/labeled-data").iterdir())
    assert folders == ["mouse-1-dia-2_cam", "mouse-1-dia-2_cam-2"]


def test_grey_stays_grey(make_session, run, tmp_path, picture):
    session = make_session(read_image=lambda camera, frame: picture(0, frame)[..., :1])
    run(export(session, "dlc", tmp_path / "out"))
    path = tmp_path / "out/labeled-data" / STEMS[0] / "img000007.png"
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(image, picture(0, 7)[..., 0])


def test_camera_without_accepted_labels_is_left_out_and_named(session, run, tmp_path):
    session.labels.status[:, 0] = Status.PROPOSED
    report = run(export(session, "dlc", tmp_path / "out"))
    assert any("'Cam é 1'" in warning for warning in report.warnings)
    config = yaml.safe_load((tmp_path / "out/config.yaml").read_text())
    assert [Path(key).stem for key in config["video_sets"]] == [STEMS[1]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((48, 64), np.uint16), "8 bit"),
        (np.zeros((48, 64, 4), np.uint8), "grey or RGB"),
        (np.zeros((24, 64), np.uint8), "64x24 pixels but the calibration says 64x48"),
    ],
)
def test_pictures_that_do_not_fit(make_session, run, tmp_path, image, message):
    with pytest.raises(ExportError, match=message):
        run(export(make_session(read_image=lambda *_: image), "dlc", tmp_path / "out"))
    assert not list(tmp_path.iterdir()), "nothing half-written stays"


def test_scorer_is_safe_in_file_and_column(session, run, tmp_path):
    run(export(replace(session, scorer="Ann Müller"), "dlc", tmp_path / "out"))
    path = tmp_path / "out/labeled-data" / STEMS[0] / "CollectedData_Ann-Muller.h5"
    assert set(pd.read_hdf(path).columns.get_level_values("scorer")) == {"Ann-Muller"}
    assert yaml.safe_load((tmp_path / "out/config.yaml").read_text())["scorer"] == "Ann-Muller"


def test_older_pandas_reads_it(project):
    """DeepLabCut runs on pandas 2; its strings must not be pandas 3's."""
    path = project / "labeled-data" / STEMS[0] / "CollectedData_Ann.h5"
    script = (
        "import sys, pandas as pd; f = pd.read_hdf(sys.argv[1]);"
        "print(pd.__version__, f.shape, f.index[0], f.columns[0], f.columns.levels[0].dtype)"
    )
    answer = _elsewhere("BEHAVIORVLM_PANDAS2_PYTHON", "-c", script, str(path))
    assert answer.startswith("2."), answer
    assert "img000003.png" in answer
    assert answer.rstrip().endswith("object")


def test_deeplabcut_makes_its_training_set(session, project):
    script = Path(__file__).with_name("deeplabcut_reads.py")
    answer = _elsewhere("BEHAVIORVLM_DLC_PYTHON", str(script), str(project / "config.yaml"))
    result = json.loads(answer.strip().split("\n")[-1])
    assert result["images"] == 4
    accepted = np.isin(session.labels.status, (Status.ACCEPTED, Status.CORRECTED))
    assert result["points"] == accepted.sum()
    assert result["bodyparts"] == list(session.skeleton.keypoints)
    expected = np.nansum(np.where(accepted[..., None], session.labels.xy, np.nan))
    assert result["sum"] == pytest.approx(expected, rel=1e-12)
    assert result["training_images"] == 4
    assert result["files"] == 1
    assert result["loaded"] == 3, "its 95 % of four images"


def _elsewhere(variable: str, *arguments: str) -> str:
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no python")
    done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
