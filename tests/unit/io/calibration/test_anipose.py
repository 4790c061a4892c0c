"""anipose's calibration.toml: order, names, exact round trips, impossible cameras."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration import read_calibration, write_anipose

DATA = Path(__file__).parents[5] / "shared" / "data"


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not here")
    return path


def cam(key, name, **changes):
    """One table as aniposelib 0.7 writes it (trailing commas included)."""
    lines = {
        "name": f'"{name}"',
        "size": "[ 640, 512,]",
        "matrix": "[ [ 800.0, 0.0, 320.5,], [ 0.0, 810.0, 255.0,], [ 0.0, 0.0, 1.0,],]",
        "distortions": "[ -0.2, 0.01, 0.001, -0.002, 0.0,]",
        "rotation": "[ 0.1, -0.2, 0.3,]",
        "translation": "[ 1.0, 2.0, 300.0,]",
    }
    lines |= changes
    body = "\n".join(f"{part} = {value}" for part, value in lines.items() if value)
    return f"[{key}]\n{body}\n\n"


def write(folder, text):
    path = folder / "calibration.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_and_metadata(tmp_path):
    rig = read_calibration(write(tmp_path, cam("cam_0", "a") + "[metadata]\nerror = 0.31\n"))
    (camera,) = rig
    assert camera.name == "a"
    assert camera.size == (640, 512)
    np.testing.assert_array_equal(camera.matrix, [[800, 0, 320.5], [0, 810, 255], [0, 0, 1]])
    np.testing.assert_array_equal(camera.distortion, [-0.2, 0.01, 0.001, -0.002, 0])
    np.testing.assert_array_equal(camera.rotation, [0.1, -0.2, 0.3])
    np.testing.assert_array_equal(camera.translation, [1, 2, 300])
    assert not camera.fisheye
    assert rig.metadata == {"error": 0.31}


def test_ten_comes_after_two(tmp_path):
    keys = [f"cam_{number}" for number in (0, 1, 10, 11, 2, 3)]
    rig = read_calibration(write(tmp_path, "".join(cam(key, f"view {key}") for key in keys)))
    assert rig.names == tuple(f"view cam_{number}" for number in (0, 1, 2, 3, 10, 11))


def test_cameras_are_matched_by_name_never_by_order(tmp_path):
    text = cam("cam_0", "left", size="[ 10, 20,]") + cam("cam_1", "right", size="[ 30, 40,]")
    rig = read_calibration(write(tmp_path, text), ["right", "Left"])
    assert rig.names == ("right", "Left")
    assert [camera.size for camera in rig] == [(30, 40), (10, 20)]


def test_size_may_be_missing(tmp_path):
    (camera,) = read_calibration(write(tmp_path, cam("cam_0", "a", size=None)))
    assert camera.size is None


@pytest.mark.parametrize("count", [4, 5])
def test_fisheye_has_four_coefficients(tmp_path, count):
    distortions = str([0.1, -0.02, 0.003, 0.0004, 0.0][:count])
    text = cam("cam_0", "a", distortions=distortions, fisheye="true")
    (camera,) = read_calibration(write(tmp_path, text))
    assert camera.fisheye
    np.testing.assert_array_equal(camera.distortion, [0.1, -0.02, 0.003, 0.0004])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"matrix": "[[800.0, 0, 0], [0, 810.0, 0], [320.5, 255.0, 1]]"}, "transposed"),
        ({"matrix": "[[800.0, 0], [0, 810.0]]"}, "matrix does not have the right shape"),
        ({"matrix": "[[nan, 0, 320.5], [0, 810.0, 255.0], [0, 0, 1]]"}, "matrix holds a non-numb"),
        ({"matrix": '[["a", 0, 320.5], [0, 810.0, 255.0], [0, 0, 1]]'}, "right shape"),
        ({"matrix": None}, "matrix is missing"),
        ({"rotation": "[0.1, 0.2]"}, "rotation"),
        ({"rotation": "[inf, 0.2, 0.1]"}, "rotation holds a non-number"),
        ({"translation": "[1.0, nan, 2.0]"}, "translation holds a non-number"),
        ({"distortions": "[0.1, 0.2, 0.3]"}, "3 distortion coefficients"),
        ({"distortions": "[0.1, 0.2, 0.3, 0.4, 0.5]", "fisheye": "true"}, "5 distortion"),
        ({"size": "[640]"}, "width and a height"),
        ({"size": "[640.5, 512]"}, "width and a height"),
        ({"size": "[-640, 512]"}, "width and a height"),
    ],
)
def test_impossible_camera(tmp_path, changes, words):
    path = write(tmp_path, cam("cam_0", "good") + cam("cam_1", "bad one", **changes))
    with pytest.raises(CalibrationError, match=words) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
    assert "'bad one'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_repeated_name(tmp_path):
    with pytest.raises(CalibrationError, match="'a' more than once"):
        read_calibration(write(tmp_path, cam("cam_0", "a") + cam("cam_1", "a")))


@pytest.mark.parametrize("text", ["[metadata]\nerror = 1.0\n", "", "[cam_0", "frame,camera\n1,2\n"])
def test_something_else(tmp_path, text):
    with pytest.raises(CalibrationError):
        read_calibration(write(tmp_path, text))


finite = st.floats(-1e6, 1e6, allow_subnormal=True)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
metadata = st.dictionaries(
    names, st.one_of(st.booleans(), st.integers(-(2**62), 2**62), finite, names, st.lists(finite))
)


@st.composite
def cameras(draw, name):
    fisheye = draw(st.booleans())
    count = 4 if fisheye else draw(st.sampled_from([4, 5, 8, 12, 14]))
    fx, fy = draw(st.tuples(*[st.floats(1e-3, 1e6)] * 2))
    skew, cx, cy = draw(st.tuples(finite, finite, finite))
    vectors = st.lists(finite, min_size=3, max_size=3)
    return Camera(
        name=name,
        size=draw(st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9999))),
        matrix=[[fx, skew, cx], [0, fy, cy], [0, 0, 1]],
        distortion=draw(st.lists(finite, min_size=count, max_size=count)),
        rotation=draw(vectors),
        translation=draw(vectors),
        fisheye=fisheye,
    )


@st.composite
def rigs(draw):
    chosen = draw(st.lists(names, min_size=1, max_size=12, unique=True))
    return Rig(tuple(draw(cameras(name)) for name in chosen), draw(metadata))


@settings(max_examples=60, deadline=None)
@given(rig=rigs())
def test_round_trip_is_exact(rig, tmp_path_factory):
    path = tmp_path_factory.mktemp("rig") / "calibration.toml"
    write_anipose(rig, path)
    again = read_calibration(path)
    assert again.names == rig.names
    assert again.metadata == rig.metadata
    for one, other in zip(rig, again, strict=True):
        assert (one.size, one.fisheye) == (other.size, other.fisheye)
        for part in ("matrix", "distortion", "rotation", "translation"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_written_file_is_aniposes_layout(tmp_path):
    """Key names, row-major matrix and plain lists, as aniposelib's loader expects."""
    path = tmp_path / "calibration.toml"
    matrix = [[800, 1.5, 320], [0, 810, 255], [0, 0, 1]]
    write_anipose(Rig((Camera("ä b", (640, 512), matrix),), {"unit": np.float64(2)}), path)
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content["metadata"] == {"unit": 2.0}
    assert content["cam_0"] == {
        "name": "ä b",
        "size": [640, 512],
        "matrix": matrix,
        "distortions": [0.0] * 5,
        "rotation": [0.0] * 3,
        "translation": [0.0] * 3,
    }


def test_no_distortion_is_written_as_five_zeros(tmp_path):
    path = tmp_path / "c.toml"
    write_anipose(Rig((Camera("a", None, np.eye(3), distortion=[]),)), path)
    (camera,) = read_calibration(path)
    np.testing.assert_array_equal(camera.distortion, np.zeros(5))


def test_metadata_that_toml_cannot_hold(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("old")
    rig = Rig((Camera("a", None, np.eye(3)),), {"what": None})
    with pytest.raises(CalibrationError, match="metadata 'what'"):
        write_anipose(rig, path)
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "cameras", "size"),
    [
        ("sleap_min_session_8cam", 8, (1280, 1024)),
        ("mouse_cylinder_5cam", 5, (1328, 1048)),
        ("eks_fly_3cam", 3, (832, 632)),
    ],
)
def test_real_files(tmp_path, name, cameras, size):
    rig = read_calibration(real(name) / "calibration.toml")
    assert len(rig) == cameras
    assert {camera.size for camera in rig} == {size}
    assert read_calibration(real(name)).names == rig.names
    path = tmp_path / "calibration.toml"
    write_anipose(rig, path)
    theirs = tomllib.loads((real(name) / "calibration.toml").read_text(encoding="utf-8"))
    ours = tomllib.loads(path.read_text(encoding="utf-8"))
    theirs.setdefault("metadata", {})
    assert ours == theirs
