"""Recognition by content, names, SLEAP sessions, and everything that is no calibration."""

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration import read_calibration

SESSION = Path(__file__).parents[5] / "shared" / "data" / "sleap_min_session_8cam"

CAMERA = {
    "name": "side",
    "size": [640, 512],
    "matrix": [[800.0, 0, 320], [0, 800.0, 256], [0, 0, 1]],
    "distortions": [0.1, 0.2, 0.3, 0.4],
    "rotation": [0.1, 0.2, 0.3],
    "translation": [1.0, 2.0, 3.0],
}


def slp(path, *calibrations):
    with h5py.File(path, "w") as file:
        rows = [json.dumps({"calibration": each}).encode() for each in calibrations]
        file["sessions_json"] = np.array(rows, dtype="S4000")
        file["videos_json"] = np.array([b"{}"])
        file["tracks_json"] = np.array([b"{}"])
    return path


@pytest.fixture
def sleap_session():
    if not SESSION.exists():
        pytest.skip("the recording sleap_min_session_8cam is not here")
    return SESSION


@pytest.mark.parametrize("name", ["min_session.slp", "min_session_frame_groups.slp"])
def test_real_sleap_session_equals_its_toml(sleap_session, name):
    rig = read_calibration(sleap_session / name)
    reference = read_calibration(sleap_session / "calibration.toml")
    assert rig.names == reference.names
    for one, other in zip(rig, reference, strict=True):
        assert one.size == other.size
        for part in ("matrix", "distortion", "rotation", "translation"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_real_sleap_session_equals_sleap_ios(sleap_session):
    sio = pytest.importorskip("sleap_io")
    path = sleap_session / "min_session.slp"
    theirs = sio.load_slp(str(path), open_videos=False).sessions[0].camera_group.cameras
    for one, other in zip(read_calibration(path), theirs, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.extrinsics, other.extrinsic_matrix[:3], atol=1e-9)
        np.testing.assert_allclose(one.matrix, other.matrix)
        np.testing.assert_allclose(one.distortion, other.dist)


def test_sleap_session_with_four_coefficients(tmp_path):
    (camera,) = read_calibration(slp(tmp_path / "a.slp", {"cam_0": CAMERA, "metadata": {}}))
    np.testing.assert_array_equal(camera.distortion, [0.1, 0.2, 0.3, 0.4])


def test_sleap_sessions_must_agree(tmp_path):
    one, other = {"cam_0": CAMERA}, {"cam_0": CAMERA | {"name": "top"}}
    assert read_calibration(slp(tmp_path / "same.slp", one, one)).names == ("side",)
    with pytest.raises(CalibrationError, match="different calibrations"):
        read_calibration(slp(tmp_path / "differ.slp", one, other))


@pytest.mark.parametrize("calibrations", [(), ({},)])
def test_sleap_without_calibration(tmp_path, calibrations):
    with pytest.raises(CalibrationError, match="no recording session"):
        read_calibration(slp(tmp_path / "a.slp", *calibrations))


def test_damaged_sleap_session(tmp_path):
    path = slp(tmp_path / "a.slp", {"cam_0": CAMERA})
    with h5py.File(path, "r+") as file:
        file["sessions_json"][0] = b'{"calibration": {'
    with pytest.raises(CalibrationError, match="damaged"):
        read_calibration(path)


def test_damaged_hdf5_is_told_in_a_sentence(tmp_path):
    whole = slp(tmp_path / "a.slp", {"cam_0": CAMERA}).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(80):
        data = bytearray(whole)
        for at in rng.integers(len(data), size=4):
            data[at] = rng.integers(256)
        path = tmp_path / "damaged.slp"
        path.write_bytes(bytes(data[: rng.integers(len(data) // 2, 2 * len(data))]))
        try:
            read_calibration(path)
        except CalibrationError:
            refused += 1
    assert refused > 20


def test_other_hdf5(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["tracks"] = np.zeros(3)
    with pytest.raises(CalibrationError, match="HDF5 file without a calibration"):
        read_calibration(tmp_path / "a.h5")


def test_content_counts_not_the_suffix(tmp_path, sleap_session):
    for source, name in (("calibration.toml", "calib.txt"), ("min_session.slp", "calib.h5")):
        shutil.copyfile(sleap_session / source, tmp_path / name)
        assert len(read_calibration(tmp_path / name)) == 8


def test_missing(tmp_path):
    with pytest.raises(CalibrationError, match="cannot be read: No such file"):
        read_calibration(tmp_path / "none.toml")


@pytest.mark.parametrize("suffix", ["toml", "mat", "slp", "yaml", "json", "h5", "txt"])
@pytest.mark.parametrize(
    "content",
    [b"", b"hello world\n" * 20, b"\x00\x01\xff\xfe" * 100, b"\x89HDF\r\n\x1a\n" + b"\x00" * 200],
    ids=["empty", "text", "bytes", "hdf5 head"],
)
def test_no_calibration(tmp_path, suffix, content, capfd):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_folders_without_calibration(tmp_path):
    with pytest.raises(CalibrationError, match="it is empty"):
        read_calibration(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"0")
    with pytest.raises(CalibrationError, match=r"it holds a\.mp4"):
        read_calibration(tmp_path)
    (tmp_path / "a.json").write_text('{"a": 1}')
    with pytest.raises(CalibrationError, match=r"it holds a\.json"):
        read_calibration(tmp_path)


def test_damaged_file_in_a_folder_is_named(tmp_path):
    (tmp_path / "cam1.yaml").write_text("%YAML:1.0\n---\nK: [1, 2")
    with pytest.raises(CalibrationError) as caught:
        read_calibration(tmp_path)
    assert str(tmp_path / "cam1.yaml") in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(CalibrationError, match="Permission"):
        read_calibration(path)
