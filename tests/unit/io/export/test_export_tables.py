"""csv, parquet and anipose, read back."""

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Labels, Status
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.export import export, tables

POSE = "frame,keypoint,x,y,z,error_px,n_views,confidence,status,source,flags"
LABELS = "frame,camera,keypoint,candidate,x,y,error_px,confidence,status,source"


def _rows(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_columns_are_the_contracts(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out"))
    with (tmp_path / "out/pose3d.csv").open() as handle:
        assert handle.readline() == f"{POSE}\n"
    with (tmp_path / "out/labels2d.csv").open() as handle:
        assert handle.readline() == f"{LABELS}\n"


def test_poses(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out"))
    rows = {(int(row["frame"]), row["keypoint"]): row for row in _rows(tmp_path / "out/pose3d.csv")}
    flagged = rows[7, "nose"]
    assert flagged["flags"] == "error 5 px;few views"
    assert [float(flagged[axis]) for axis in "xyz"] == session.poses.points[1, 0].tolist()
    assert float(flagged["error_px"]) == session.poses.error[1, 0]
    assert (flagged["n_views"], flagged["confidence"]) == ("2", "0.75")
    assert (flagged["status"], flagged["source"]) == ("accepted", "geometric")
    assert rows[3, "nose"]["status"] == "corrected"
    assert rows[3, "nose"]["source"] == "human"
    hidden = rows[3, "tail base"]
    assert hidden["status"] == "occluded"
    assert {hidden[name] for name in ("x", "y", "z", "error_px", "n_views", "confidence")} == {""}
    assert (7, "paw") not in rows


def test_labels(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out"))
    rows = {
        (int(row["frame"]), row["camera"], row["keypoint"]): row
        for row in _rows(tmp_path / "out/labels2d.csv")
    }
    seen = rows[3, "cam 2", "nose"]
    assert [float(seen["x"]), float(seen["y"])] == session.labels.xy[0, 1, 0].tolist()
    assert float(seen["error_px"]) == session.poses.view_error[0, 1, 0]
    assert (seen["candidate"], seen["confidence"]) == ("4", "0.875")
    assert (seen["status"], seen["source"]) == ("corrected", "human")
    hidden = rows[3, "Cam é 1", "tail base"]
    assert hidden["status"] == "occluded"
    assert {hidden[name] for name in ("candidate", "x", "y", "error_px", "confidence")} == {""}
    assert rows[3, "cam 2", "tail base"]["status"] == "out_of_view"
    assert (3, "Cam é 1", "ear_L") not in rows, "rejected"
    assert rows[7, "Cam é 1", "ear_L"]["status"] == "proposed"


def test_words_with_commas_and_quotes(session, run, tmp_path):
    flags = {(7, 0): ('cam "top", 9 px off', "jump")}
    run(export(replace(session, flags=flags), "csv", tmp_path / "out"))
    rows = {(int(row["frame"]), row["keypoint"]): row for row in _rows(tmp_path / "out/pose3d.csv")}
    assert rows[7, "nose"]["flags"] == 'cam "top", 9 px off;jump'
    assert rows[3, "nose"]["flags"] == ""


def test_words_are_not_quoted_without_need(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out"))
    assert '"' not in (tmp_path / "out/labels2d.csv").read_text()


def test_only_accepted(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out", only="accepted"))
    words = {row["status"] for row in _rows(tmp_path / "out/labels2d.csv")}
    assert words == {"accepted", "corrected", "occluded", "out_of_view"}


def test_parquet_is_the_same_typed(session, run, tmp_path):
    for name in ("csv", "parquet"):
        run(export(session, name, tmp_path / name))
    for table in ("pose3d", "labels2d"):
        typed = pd.read_parquet(tmp_path / f"parquet/{table}.parquet")
        text = pd.read_csv(tmp_path / f"csv/{table}.csv")
        assert list(typed.columns) == list(text.columns)
        for column in typed.columns:
            if column == "flags":
                assert [";".join(words) for words in typed[column]] == list(text[column].fillna(""))
            elif typed[column].dtype == "category":
                assert list(typed[column].astype(object).fillna("")) == list(
                    text[column].astype(object).fillna("")
                )
            else:
                np.testing.assert_array_equal(typed[column], text[column])
    schema = pq.read_schema(tmp_path / "parquet/pose3d.parquet")
    assert str(schema.field("n_views").type) == "int8"
    assert schema.metadata[b"unit"] == b"mm"
    assert schema.metadata[b"fps"] == b"28.6"


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_chunks_make_one_table(session, run, tmp_path, monkeypatch, name):
    run(export(session, name, tmp_path / "whole"))
    monkeypatch.setattr(tables, "FRAMES_PER_CHUNK", 1)
    run(export(session, name, tmp_path / "parts"))
    for table in ("pose3d", "labels2d"):
        read = pd.read_csv if name == "csv" else pd.read_parquet
        whole, parts = (read(tmp_path / f"{kind}/{table}.{name}") for kind in ("whole", "parts"))
        pd.testing.assert_frame_equal(whole, parts)


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_without_poses_and_videos(make_session, run, tmp_path, name):
    report = run(export(make_session(poses=None, videos={}), name, tmp_path / "out"))
    assert report.points == 0
    assert any("not triangulated" in warning for warning in report.warnings)


def test_anipose(session, run, tmp_path):
    run(export(session, "anipose", tmp_path / "out"))
    frame = pd.read_csv(tmp_path / "out/pose-3d/Mouse-1-dia-2.csv")
    values = ("x", "y", "z", "error", "ncams", "score")
    keypoints = [f"{keypoint}_{v}" for keypoint in session.skeleton.keypoints for v in values]
    axes = [f"M_{i}{j}" for i in range(3) for j in range(3)]
    assert list(frame) == [*keypoints, *axes, "center_0", "center_1", "center_2", "fnum"]
    assert frame["fnum"].tolist() == list(range(20))
    np.testing.assert_array_equal(frame[axes].iloc[5].to_numpy().reshape(3, 3), np.eye(3))
    for row, number in enumerate(session.labels.frames):
        got = frame.loc[number, [f"nose_{axis}" for axis in "xyz"]]
        np.testing.assert_array_equal(got.to_numpy(float), session.poses.points[row, 0])
    assert frame.loc[7, "nose_ncams"] == 2
    assert frame.loc[7, "nose_error"] == session.poses.error[1, 0]
    assert frame.loc[3, "tail base_error":"tail base_score"].isna().all(), "occluded"
    assert frame.loc[[0, 4, 19], keypoints].isna().all(axis=None)
    rig = read_calibration(tmp_path / "out/calibration/calibration.toml")
    np.testing.assert_array_equal(rig["cam 2"].translation, [1, 2, 300])


def test_anipose_in_chunks(session, run, tmp_path, monkeypatch):
    from napari_behaviorvlm.io.export import anipose

    run(export(session, "anipose", tmp_path / "whole"))
    monkeypatch.setattr(anipose, "FRAMES_PER_CHUNK", 3)
    run(export(session, "anipose", tmp_path / "parts"))
    whole, parts = (
        (tmp_path / kind / "pose-3d/Mouse-1-dia-2.csv").read_text() for kind in ("whole", "parts")
    )
    assert whole == parts


def test_anipose_without_points(make_session, run, tmp_path):
    with pytest.raises(ExportError, match="no 3D points"):
        run(export(make_session(poses=None), "anipose", tmp_path / "out"))


def test_labels_of_another_skeleton(make_session):
    with pytest.raises(ExportError, match="cameras and keypoints"):
        make_session(labels=Labels.empty(np.arange(3), 2, 5))


def test_label_beyond_the_recording(make_session):
    with pytest.raises(ExportError, match="frame 12 but only 10"):
        make_session(n_frames=10)


def test_occluded_everywhere_has_a_row_without_point(session, run, tmp_path):
    session.labels.status[0, :, 3] = Status.OCCLUDED
    run(export(session, "csv", tmp_path / "out"))
    rows = {(int(row["frame"]), row["keypoint"]): row for row in _rows(tmp_path / "out/pose3d.csv")}
    assert rows[3, "paw"]["status"] == "occluded"
    assert not rows[3, "paw"]["x"]
