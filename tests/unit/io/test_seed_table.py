"""Seeds: exact names, occlusion, and what people mistype."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.seed_table import read_seeds, write_seeds

MOUSE = Skeleton.quantum_dot_mouse()
CAMERAS = ("side", "top")
HEAD = "frame,camera,keypoint,x,y\n"
GOOD = HEAD + "20,top,ear_L,1.5,2\n0,side,ear_R,,\n0,side,ear_L,0,479\n"


def write(folder, text):
    path = folder / "seeds.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def rig():
    return Rig(tuple(Camera(name, (640, 480), np.eye(3)) for name in CAMERAS))


def test_sorted_with_occluded_points(tmp_path, rig):
    for cameras in (CAMERAS, rig):
        seeds = read_seeds(write(tmp_path, GOOD), MOUSE, cameras, 300)
        np.testing.assert_array_equal(seeds.frame, [0, 0, 20])
        np.testing.assert_array_equal(seeds.camera, [0, 0, 1])
        np.testing.assert_array_equal(seeds.keypoint, [0, 1, 0])
        np.testing.assert_array_equal(seeds.xy, [[0, 479], [np.nan, np.nan], [1.5, 2]])
        np.testing.assert_array_equal(seeds.frames, [0, 20])


def test_cameras_are_lenient_keypoints_are_not(tmp_path):
    seeds = read_seeds(write(tmp_path, HEAD + "0,Side,ear_L,1,2\n"), MOUSE, CAMERAS)
    np.testing.assert_array_equal(seeds.camera, [0])
    with pytest.raises(TableError, match=r"no keypoint 'Ear_L' \(did you mean 'ear_L'"):
        read_seeds(write(tmp_path, HEAD + "0,side,Ear_L,1,2\n"), MOUSE, CAMERAS)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0,side,tail_tpi,1,2", r"no keypoint 'tail_tpi' \(did you mean 'tail_tip'\?\)"),
        ("0,side,whiskers,1,2", r"no keypoint 'whiskers' \(known are ear_L, ear_R"),
        ("0,sied,ear_L,1,2", r"no camera 'sied' \(did you mean 'side'\?\)"),
        ("0,side,,1,2", "keypoint is empty"),
        ("0,side,ear_L,,2", "x is empty but y is not"),
        ("0,side,ear_L,1,", "y is empty but x is not"),
        ("0,side,ear_L,641,2", r"\(641, 2\) is outside the picture"),
        ("0,side,ear_L,1,-3", "outside the picture"),
        ("0,side,ear_L,inf,2", "outside the picture"),
        ("300,side,ear_L,1,2", r"300 frames \(0 to 299\)"),
        ("-1,side,ear_L,1,2", "frame -1"),
        ("0.5,side,ear_L,1,2", "frame 0.5"),
        ("20,TOP,ear_L,1,2", "ear_L is labelled twice in frame 20 of camera 'top'"),
        ("0,side,ear_L,a,2", "x 'a' is not a number"),
    ],
)
def test_first_offending_line_is_named(tmp_path, rig, row, words):
    path = write(tmp_path, HEAD + "20,top,ear_L,1.5,2\n" + row + "\n")
    with pytest.raises(TableError, match=words) as caught:
        read_seeds(path, MOUSE, rig, 300)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD, "holds no labels"),
        ("", "is empty"),
        ("frame,camera,x,y\n0,side,1,2\n", "no column 'keypoint'"),
        (GOOD.replace(",", ";"), "semicolons"),
    ],
)
def test_not_such_a_table(tmp_path, text, words):
    with pytest.raises(TableError, match=words):
        read_seeds(write(tmp_path, text), MOUSE, CAMERAS)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.dictionaries(
        st.tuples(st.integers(0, 10**6), st.integers(0, 1), st.integers(0, 11)),
        st.none() | st.tuples(st.floats(-1, 640), st.floats(-1, 480)),
        min_size=1,
    ),
    suffix=st.sampled_from([".csv", ".parquet"]),
)
def test_round_trip_is_exact(rows, suffix, tmp_path_factory):
    keys = np.array(sorted(rows), dtype=np.int64)
    xy = np.array([rows[tuple(key)] or (np.nan, np.nan) for key in keys.tolist()])
    seeds = SeedTable(keys[:, 0], keys[:, 1].astype(np.int16), keys[:, 2].astype(np.int16), xy)
    path = tmp_path_factory.mktemp("seeds") / f"a{suffix}"
    write_seeds(seeds, MOUSE, CAMERAS, path)
    again = read_seeds(path, MOUSE, CAMERAS)
    for name in ("frame", "camera", "keypoint", "xy"):
        assert getattr(again, name).dtype == getattr(seeds, name).dtype
        np.testing.assert_array_equal(getattr(again, name), getattr(seeds, name))
