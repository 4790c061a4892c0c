"""Exports read back by other readers: equal as written, and every kind of damage is named."""

import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.unit.io.export.conftest import (
    finish,
    make_session,
    picture_fixture,
    session,
)

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.io.export import FORMATS, export
from napari_behaviorvlm.io.export.selection import select
from napari_behaviorvlm.workflows.export_preview import planned_files
from napari_behaviorvlm.workflows.readback import READERS, ReadBack, read_back

__all__ = ["make_session", "picture_fixture", "session"]


def written(session, format_name, out, only=None):
    report = finish(export(session, format_name, out, only=only))
    return report, select(session, only or FORMATS[format_name].default_only)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("only", ["accepted", "all"])
def test_what_was_written_is_read_back_equal(session, tmp_path, format_name, only):
    report, selection = written(session, format_name, tmp_path / "out", only)
    found = finish(read_back(report, session, selection))
    assert found.difference == ""
    if format_name != "anipose":
        assert found.labels == selection.positions.sum() == sum(report.labels.values())
        assert found.views == 2
    if FORMATS[format_name].has_points:
        assert found.points == np.isfinite(selection.points[..., 0]).sum()
    assert found.sentence.endswith(", all equal.")


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_preview_names_what_is_written(session, tmp_path, format_name):
    report, selection = written(session, format_name, tmp_path / "out")
    planned = [line.split("  (")[0].rstrip("/") for line in planned_files(
        session, selection, format_name)]  # fmt: skip
    assert planned == [file.as_posix() for file in report.files]


def test_grey_pictures_and_image_folders(make_session, picture, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for frame in range(20):
        (images / f"img{frame}.png").touch()
    session = make_session(
        read_image=lambda camera, frame: picture(0, frame)[..., 0],
        videos={name: images / name for name in ("Cam é 1", "cam 2")},
    )
    for folder in session.videos.values():
        folder.mkdir()
        (folder / "img0.png").touch()
    for format_name in ("dlc", "sleap", "sleap-pkg", "lightning-pose", "coco", "nwb"):
        report, selection = written(session, format_name, tmp_path / format_name)
        assert finish(read_back(report, session, selection)).difference == ""


def test_every_format_has_a_reader():
    assert READERS.keys() == FORMATS.keys()


def test_a_moved_label_is_named(session, tmp_path):
    report, selection = written(session, "csv", tmp_path / "out")
    path = tmp_path / "out" / "labels2d.csv"
    lines = path.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("7,cam 2,tail base"))
    cells = lines[at].split(",")
    cells[4] = repr(float(cells[4]) + 0.01)
    lines[at] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = finish(read_back(report, session, selection))
    x, y = session.labels.xy[1, 1, 2]
    assert found.difference == (
        f"in labels2d.csv, frame 7, tail base of cam 2 is at ({x + 0.01:.3f}, {y:.3f}), "
        f"but was selected at ({x:.3f}, {y:.3f})."
    )
    assert "report this" in found.sentence


def test_a_missing_and_a_surplus_row_are_named(session, tmp_path):
    report, selection = written(session, "parquet", tmp_path / "out")
    path = tmp_path / "out" / "labels2d.parquet"
    table = pd.read_parquet(path)
    table.iloc[1:].to_parquet(path)
    assert "is missing, which was selected" in finish(
        read_back(report, session, selection)).difference  # fmt: skip
    more = table[table["x"].notna()].iloc[[0]].assign(frame=12, camera="Cam é 1", keypoint="paw")
    pd.concat([table, more]).to_parquet(path)
    difference = finish(read_back(report, session, selection)).difference
    assert difference.startswith("in labels2d.parquet, frame 12, paw of Cam é 1 is at")
    assert difference.endswith("but was not selected.")
    pd.concat([table, more.assign(frame=13)]).to_parquet(path)
    assert "has frame 13" in finish(read_back(report, session, selection)).difference


def test_a_lost_and_a_wrong_image_are_named(session, tmp_path):
    report, selection = written(session, "dlc", tmp_path / "out")
    first, *_, last = sorted((tmp_path / "out").glob("labeled-data/*/*.png"))
    good = first.read_bytes()
    image = cv2.imdecode(np.frombuffer(good, np.uint8), cv2.IMREAD_UNCHANGED)
    image[5, 5] += 1
    first.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    assert "is not frame 3 of camera" in finish(read_back(report, session, selection)).difference
    first.write_bytes(good)
    last.unlink()
    assert str(last) in finish(read_back(report, session, selection)).difference


def test_another_calibration_and_truncated_files_are_named(session, tmp_path):
    report, selection = written(session, "anipose", tmp_path / "a")
    path = tmp_path / "a" / "calibration" / "calibration.toml"
    path.write_text(path.read_text("utf-8").replace("50.0", "50.5"), "utf-8")
    assert "another matrix of camera" in finish(read_back(report, session, selection)).difference
    report, selection = written(session, "sleap", tmp_path / "s")
    slp = next((tmp_path / "s").glob("*.3d.slp"))
    slp.write_bytes(slp.read_bytes()[:3000])
    assert "cannot be read" in finish(read_back(report, session, selection)).difference


def test_rows_of_views_that_do_not_agree_are_named(session, tmp_path):
    report, selection = written(session, "lightning-pose", tmp_path / "out")
    path = tmp_path / "out" / "CollectedData_cam2.csv"
    *head, first, second = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*head, second, first]) + "\n", "utf-8")
    difference = finish(read_back(report, session, selection)).difference
    assert difference == "CollectedData_cam2.csv has other frames than the first view."
    path.write_text("\n".join([*head, first.replace(",2", ",1"), second]) + "\n", "utf-8")
    difference = finish(read_back(report, session, selection)).difference
    assert difference == "CollectedData_cam2.csv says visible where there is no position."


def test_a_calibration_in_another_order_is_named(session, tmp_path):
    report, selection = written(session, "lightning-pose", tmp_path / "out")
    path = next((tmp_path / "out" / "calibrations").glob("*.toml"))
    text = path.read_text("utf-8")
    path.write_text(text.replace("cam_0", "cam_2"), "utf-8")
    assert "in another order" in finish(read_back(report, session, selection)).difference
    path.write_text(text.replace("cam2", "cam3"), "utf-8")
    assert "lacks camera 'cam2'" in finish(read_back(report, session, selection)).difference


def test_a_lost_occlusion_is_named(session, tmp_path):
    for format_name, file, old, new in (
        ("lightning-pose", "CollectedData_Came1.csv", ",,,1,", ",,,0,"),
        ("coco", "annotations.json", '"occluded"', '"unlabelled"'),
    ):
        report, selection = written(session, format_name, tmp_path / format_name)
        path = tmp_path / format_name / file
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        difference = finish(read_back(report, session, selection)).difference
        assert difference.endswith(
            "frame 3, tail base of Cam é 1 is not called occluded, but was selected so."
        )


def test_a_moved_keypoint_of_coco_and_a_lost_picture_are_named(session, tmp_path):
    report, selection = written(session, "coco", tmp_path / "out")
    path = tmp_path / "out" / "annotations.json"
    content = json.loads(path.read_text("utf-8"))
    content["annotations"][0]["keypoints"][0] += 0.5
    path.write_text(json.dumps(content), "utf-8")
    difference = finish(read_back(report, session, selection)).difference
    assert difference.startswith("in annotations.json, frame 3, nose of Cam é 1 is at")
    (tmp_path / "out" / content["images"][1]["file_name"]).unlink()
    assert "img000007.png is missing" in finish(read_back(report, session, selection)).difference


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        ("MultiCameraPoseEstimation/cam 2/nose/data", 0.01, "nose of cam 2 is at"),
        ("MultiCameraPoseEstimation/nose/data", 0.01, "the 3D point nose is at"),
        ("frame_numbers/timestamps", 0.01, "has other times of nose"),
        ("frame_numbers/data", 1, "has frame 4, which was not selected"),
        ("visibility/data", 1, "called occluded, but was"),
    ],
)
def test_damage_of_nwb_is_named(session, tmp_path, place, change, words):
    report, selection = written(session, "nwb", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*.nwb")
    with h5py.File(path, "r+") as file:
        values = file[f"processing/behavior/{place}"]
        values[...] = values[...] + change
    assert words in finish(read_back(report, session, selection)).difference


def test_another_camera_of_nwb_is_named(session, tmp_path):
    report, selection = written(session, "nwb", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*.nwb")
    with h5py.File(path, "r+") as file:
        file["general/devices/cam 2/rotation_matrix"][0, 0] += 1e-6
    difference = finish(read_back(report, session, selection)).difference
    assert difference == f"{path.name} has another rotation_matrix of camera 'cam 2'."
    path.write_bytes(path.read_bytes()[:20_000])
    assert "cannot be read" in finish(read_back(report, session, selection)).difference


numbers = st.floats(-1e4, 1e4, allow_nan=False, width=64)


@pytest.mark.parametrize(
    ("format_name", "examples"), [("lightning-pose", 20), ("coco", 20), ("nwb", 5)]
)
def test_any_positions_and_statuses_come_back(
    make_session, tmp_path_factory, format_name, examples
):
    @settings(max_examples=examples, deadline=None)
    @given(
        arrays(np.float64, (3, 2, 4, 2), elements=numbers),
        arrays(np.uint8, (3, 2, 4), elements=st.integers(0, 6)),
        arrays(np.uint8, (3, 2, 4), elements=st.integers(1, 4)),
    )
    def come_back(xy, status, source):
        session = make_session()
        labels = session.labels
        labels.status[:], labels.source[:] = status, source
        labels.xy[:] = np.where(np.isin(status, LABELLED)[..., None], xy, np.nan)
        assume(np.isin(status, LABELLED).any())
        report, selection = written(session, format_name, tmp_path_factory.mktemp("any"), "all")
        found = finish(read_back(report, session, selection))
        assert found.difference == ""
        assert found.labels == np.isin(status, LABELLED).sum()

    come_back()


def test_sentences():
    assert ReadBack(412, 6, 0).sentence == "Read back: 412 labels in 6 views, all equal."
    assert ReadBack(0, 0, 60).sentence == "Read back: 60 3D points, all equal."
    both = ReadBack(2, 1, 3).sentence
    assert both == "Read back: 2 labels in 1 views and 3 3D points, all equal."


def test_nothing_selected_is_the_exports_own_sentence(session, tmp_path):
    session.labels.status[:] = 1
    with pytest.raises(ExportError, match="accepted yet"):
        export(session, "csv", Path(tmp_path), only="accepted")
