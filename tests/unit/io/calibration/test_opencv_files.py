"""OpenCV's and JARVIS's files, written with OpenCV itself."""

import contextlib

import cv2
import numpy as np
import pytest

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration import read_calibration

K = np.array([[901.5, 1.25, 333.0], [0, 902.5, 222.0], [0, 0, 1]])
DISTORTION = np.array([[-0.2, 0.05, 0.001, -0.002, 0.01]])
RVEC = np.array([0.3, -1.2, 0.7])
R = cv2.Rodrigues(RVEC)[0]
T = np.array([[10.0], [-20.0], [500.0]])


def store(path, **values):
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        storage.write(key, value)
    storage.release()
    return path


def assert_is_the_camera(camera, coefficients=5):
    np.testing.assert_allclose(camera.matrix, K)
    np.testing.assert_allclose(camera.rotation, RVEC, atol=1e-12)
    np.testing.assert_array_equal(camera.translation, T.ravel())
    np.testing.assert_array_equal(camera.distortion, DISTORTION.ravel()[:coefficients])


@pytest.mark.parametrize("suffix", ["yaml", "yml", "xml", "json"])
@pytest.mark.parametrize(
    "keys",
    [
        ("camera_matrix", "distortion_coefficients", "R", "T"),
        ("K", "D", "rvec", "tvec"),
        ("cameraMatrix", "dist_coeffs", "R", "tvec"),
        ("CameraMatrix", "DistortionCoefficients", "RotationVectors", "TranslationVectors"),
        ("camera_matrix", "distortion_coefficients", "rc_ext", "tc_ext"),
    ],
)
def test_a_folder_with_a_file_per_camera(tmp_path, suffix, keys):
    rotation = RVEC.reshape(3, 1) if "vec" in keys[2].lower() else R
    for name in ("cam10", "cam2"):
        values = dict(zip(keys, (K, DISTORTION, rotation, T), strict=True))
        store(tmp_path / f"{name}.{suffix}", image_width=640, image_height=480, **values)
    store(tmp_path / f"notes.{suffix}", exposure=3.5)
    rig = read_calibration(tmp_path)
    assert rig.names == ("cam2", "cam10")
    for camera in rig:
        assert camera.size == (640, 480)
        assert_is_the_camera(camera)


@pytest.mark.parametrize("suffix", ["yaml", "json", "xml"])
def test_one_file_with_several_cameras(tmp_path, suffix):
    path = tmp_path / f"rig.{suffix}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("date", "today")
    for name in ("left", "right"):
        storage.startWriteStruct(name, cv2.FILE_NODE_MAP)
        storage.write("K", K)
        storage.write("dist", DISTORTION[:, :4])
        storage.write("R", R)
        storage.write("T", T)
        storage.write("image_size", np.array([640, 480]))
        storage.endWriteStruct()
    storage.release()
    rig = read_calibration(path, ["right", "left"])
    assert rig.names == ("right", "left")
    assert_is_the_camera(rig["left"], 4)
    assert rig["left"].size == (640, 480)


def test_list_of_cameras_in_plain_json(tmp_path):
    import json

    item = {"name": "ä", "K": K.tolist(), "dist": DISTORTION.tolist(), "rvec": RVEC.tolist()}
    item |= {"tvec": T.ravel().tolist(), "size": [640, 480]}
    path = tmp_path / "rig.json"
    path.write_text(json.dumps({"cameras": [item, item | {"name": "b"}]}, ensure_ascii=False))
    rig = read_calibration(path)
    assert rig.names == ("ä", "b")
    assert_is_the_camera(rig["ä"])


def test_ros_yaml_without_opencv_tags(tmp_path):
    path = tmp_path / "cam_a.yaml"
    path.write_text(
        "image_width: 640\nimage_height: 480\ncamera_name: serial_17\n"
        "camera_matrix:\n  rows: 3\n  cols: 3\n  data: [901.5, 1.25, 333, 0, 902.5, 222, 0, 0, 1]\n"
        "distortion_model: plumb_bob\n"
        "distortion_coefficients:\n  rows: 1\n  cols: 5\n"
        "  data: [-0.2, 0.05, 0.001, -0.002, 0.01]\n"
        "rvec: [0.3, -1.2, 0.7]\ntvec: [10, -20, 500]\n"
    )
    (camera,) = read_calibration(path)
    assert camera.name == "cam_a"
    assert_is_the_camera(camera)


@pytest.mark.parametrize("more", [{"fisheye_model": 1}, {"distortion_model": "equidistant"}])
def test_fisheye(tmp_path, more):
    values = {"K": K, "D": DISTORTION[:, :4], "R": R, "T": T} | more
    (camera,) = read_calibration(store(tmp_path / "a.yml", **values))
    assert camera.fisheye
    assert_is_the_camera(camera, 4)


def test_extrinsic_matrix(tmp_path):
    pose = np.vstack([np.hstack([R, T]), [0, 0, 0, 1]])
    (camera,) = read_calibration(store(tmp_path / "a.yml", K=K, D=DISTORTION, extrinsics=pose))
    assert_is_the_camera(camera)


@pytest.mark.parametrize("count", [8, 12, 14])
def test_long_distortion_models(tmp_path, count):
    long = np.arange(count) / 100
    (camera,) = read_calibration(store(tmp_path / "a.yml", K=K, D=long, R=R, T=T))
    np.testing.assert_array_equal(camera.distortion, long)


def test_opencvs_own_multiview_result(tmp_path):
    """As multiview_calibration.py saves it: stacked matrices, distortions joined to one row."""
    fisheye = np.array([0.1, 0.2, 0.3, 0.4])
    path = store(
        tmp_path / "out.yaml",
        Rs=np.array([np.eye(3), R, R]),
        distortions=np.concatenate([DISTORTION.ravel(), fisheye, 2 * DISTORTION.ravel()]),
        Ks=np.array([K, K, K]),
        Ts=np.array([np.zeros((3, 1)), T, T]),
        models=np.array([0, 1, 0]),
        image_sizes=np.array([[640, 480]] * 3),
        cam_ids="a,b,c",
    )
    rig = read_calibration(path)
    assert rig.names == ("a", "b", "c")
    assert [camera.fisheye for camera in rig] == [False, True, False]
    np.testing.assert_array_equal(rig["b"].distortion, fisheye)
    np.testing.assert_array_equal(rig["c"].distortion, 2 * DISTORTION.ravel())
    np.testing.assert_allclose(rig["c"].rotation, RVEC)
    np.testing.assert_array_equal(rig["b"].translation, T.ravel())
    assert rig["b"].size == (640, 480)


def jarvis(path, **changes):
    values = {"intrinsicMatrix": K.T, "distortionCoefficients": DISTORTION, "R": R.T, "T": T}
    return store(path, **(values | changes))


def test_jarvis_folder_is_transposed(tmp_path):
    for name in ("Camera_B", "Camera_T"):
        jarvis(tmp_path / f"{name}.yaml")
    rig = read_calibration(tmp_path)
    assert rig.names == ("Camera_B", "Camera_T")
    for camera in rig:
        assert_is_the_camera(camera)
    points = np.array([[1.0, 2, 3], [-40, 50, 60]])
    ours = (points @ rig.cameras[0].rotation_matrix.T + T.ravel()) @ K.T
    theirs = (np.hstack([points, np.ones((2, 1))]) @ np.vstack([R.T, T.T])) @ K.T
    np.testing.assert_allclose(ours, theirs)


def test_jarvis_names_with_textbook_matrices(tmp_path):
    with pytest.raises(CalibrationError, match="not stored transposed"):
        read_calibration(jarvis(tmp_path / "a.yaml", intrinsicMatrix=K, R=R))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"K": K, "D": DISTORTION}, "place in the room"),
        ({"K": K, "D": DISTORTION, "R": R}, "place in the room"),
        ({"K": K.T, "D": DISTORTION, "R": R, "T": T}, "transposed"),
        ({"K": K[:2], "D": DISTORTION, "R": R, "T": T}, "matrix does not have the right shape"),
        ({"K": K * np.nan, "D": DISTORTION, "R": R, "T": T}, "non-number"),
        ({"K": K, "D": DISTORTION[:, :3], "R": R, "T": T}, "3 distortion coefficients"),
        ({"K": K, "D": DISTORTION, "R": R[:2], "T": T}, "rotation has shape"),
        ({"K": K, "D": DISTORTION, "R": 2 * R, "T": T}, "not a rotation"),
        ({"K": K, "D": DISTORTION, "R": R, "T": T[:2]}, "translation does not have the right"),
        ({"K": K, "D": DISTORTION, "R": R, "T": T, "distortion_model": "omni"}, "'omni'"),
    ],
)
def test_impossible_camera(tmp_path, values, words):
    path = store(tmp_path / "front view.yml", **values)
    for where in (path, tmp_path):
        with pytest.raises(CalibrationError, match=words) as caught:
            read_calibration(where)
        assert str(path) in str(caught.value)
        assert "'front view'" in str(caught.value)


def test_file_of_opencv_2(tmp_path):
    """Its first line is not YAML, and it spells non-numbers its own way."""
    path = tmp_path / "a.yml"
    matrix = "!!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: "
    text = (
        '%YAML:1.0\ncalibration_time: "Wed Mar  6 17:35:39 2019"\n'
        f"Camera_Matrix: {matrix}[ 9.015e+02, 1.25, 333.,\n       0., 902.5, 222, 0., 0., 1. ]\n"
        f"R: {matrix}[ 1., 0., 0., 0., 1., 0., 0., 0., 1. ]\nT: [ 1e-05, 2., 3. ]\n"
    )
    path.write_text(text)
    (camera,) = read_calibration(path)
    np.testing.assert_array_equal(camera.matrix, K)
    np.testing.assert_array_equal(camera.translation, [1e-5, 2, 3])
    path.write_text(text.replace("222", ".Nan"))
    with pytest.raises(CalibrationError, match="matrix holds a non-number"):
        read_calibration(path)


@pytest.mark.parametrize("suffix", ["yaml", "xml", "json"])
def test_damaged_files_never_end_the_process(tmp_path, suffix):
    """OpenCV's own parser aborts on some of these."""
    path = store(tmp_path / f"a.{suffix}", K=K, D=DISTORTION, R=R, T=T)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(len(data), size=3):
            data[at] = rng.choice(np.frombuffer(b"[]{}:,.!-\"'<>% \n0eN\xff", np.uint8))
        path.write_bytes(bytes(data[: rng.integers(len(data) // 2, 2 * len(data))]))
        with contextlib.suppress(CalibrationError):
            read_calibration(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "a: 1\n",
        "%YAML:1.0\n---\nK: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: [ 1. ]\n",
        "<html><p></html>",
        '{"a": [1, 2',
        "[1, 2, 3]",
    ],
)
def test_something_else(tmp_path, text, capfd):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
    assert capfd.readouterr().err == ""
