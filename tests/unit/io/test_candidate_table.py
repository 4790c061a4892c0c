"""Candidates in and out: what other programs write, and what they get wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io import atomic
from napari_behaviorvlm.io.candidate_table import read_candidates, write_candidates

CAMERAS = ("cam0", "Käfig, links")
HEAD = "frame,camera,number,x,y\n"
GOOD = HEAD + '0,cam0,1,10.5,20.25\n0,cam0,3,11,21\n2,"Käfig, links",1,12,-0.25\n'


def write(folder, text, name="candidates.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_equal(one, other):
    for name in ("frame", "camera", "number", "xy", "intensity", "size"):
        values, others = getattr(one, name), getattr(other, name)
        assert values.dtype == others.dtype, name
        np.testing.assert_array_equal(values, others, err_msg=name)


def assert_good(table):
    np.testing.assert_array_equal(table.frame, [0, 0, 2])
    np.testing.assert_array_equal(table.camera, [0, 0, 1])
    np.testing.assert_array_equal(table.number, [1, 3, 1])
    np.testing.assert_array_equal(table.xy, [[10.5, 20.25], [11, 21], [12, -0.25]])
    assert np.isnan(table.intensity).all()
    assert np.isnan(table.size).all()
    assert_equal(table, CandidateTable.concatenate([table]))


def test_numbers_are_kept_as_given(tmp_path):
    assert_good(read_candidates(write(tmp_path, GOOD), CAMERAS, n_frames=3))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        "\n\n" + GOOD.replace("\n", "\n\n"),
        GOOD.replace("frame,camera", " Frame , CAMERA "),
        GOOD.replace("0,cam0,1,", "0.0,CAM0 ,1.0,"),
        GOOD.replace("10.5", '"10.5"').replace("20.25", " 2.025e1"),
        (
            "number,y,x,note,camera,frame\n"
            '1,-0.25,12,,"Käfig, links",2\n3,21,11,late,cam0,0\n1,20.25,10.5,,cam0,0\n'
        ),
    ],
    ids=["bom", "crlf", "no end", "blank lines", "header", "floats", "quoted", "order"],
)
def test_harmless_variants(tmp_path, text):
    assert_good(read_candidates(write(tmp_path, text), CAMERAS))


def test_intensity_and_size_may_be_empty(tmp_path):
    text = "frame,camera,number,x,y,intensity,size\n0,cam0,1,1,2,30,\n0,cam0,2,1,2,NaN,1.5\n"
    table = read_candidates(write(tmp_path, text), CAMERAS)
    np.testing.assert_array_equal(table.intensity, [30, np.nan])
    np.testing.assert_array_equal(table.size, [np.nan, 1.5])


def test_only_a_header(tmp_path):
    for text in (HEAD, HEAD.strip()):
        assert_equal(read_candidates(write(tmp_path, text), CAMERAS), CandidateTable.empty())


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ("0,cam1,1,1,2\n", 2, r"no camera 'cam1' \(did you mean 'cam0'\?\)"),
        ("0,,1,1,2\n", 2, "camera is empty"),
        ("0,cam0,1,1,2\n\n0,cam0,1,5,2\n", 4, "number 1 comes twice in frame 0 of camera 'cam0'"),
        ("1,cam0,1,1,2\n0,cam0,1,5,2\n1,cam0,1,1,2\n", 4, "comes twice in frame 1"),
        ("0,cam0,1,1,2\n1.5,cam0,1,1,2\n", 3, "frame 1.5 is not a whole number"),
        ("0,cam0,1,1,2\n,cam0,1,1,2\n", 3, r"frame \(empty\) is not a whole number"),
        ("-1,cam0,1,1,2\n", 2, "frame -1 is not within"),
        ("99,cam0,1,1,2\n100,cam0,1,1,2\n", 3, r"100 frames \(0 to 99\)"),
        ("1e300,cam0,1,1,2\n", 2, "frame 1000.* is not within"),
        ("0,cam0,0,1,2\n", 2, "number 0 is not within 1 and 999"),
        ("0,cam0,1.2,1,2\n", 2, "number 1.2 is not a whole number"),
        ("0,cam0,100000,1,2\n", 2, "number 100000 is not within"),
        ("0,cam0,1,nan,2\n", 2, "not a finite number"),
        ("0,cam0,1,1,\n", 2, "not a finite number"),
        ("0,cam0,1,1,inf\n", 2, "not a finite number"),
        ("0,cam0,1,1,-2000000\n", 2, "far off the picture"),
        ("0,cam0,1,1,2\n0,cam0,2,abc,2\n", 3, "x 'abc' is not a number"),
        ("0,cam0,1,1,2\n\n0,cam0,2,1,2,3\n", 4, "6 values, the header has 5"),
        ("0,cam0,1,1\n", 2, "4 values, the header has 5"),
        ("0,cam0,1,1,1_0\n", 2, "y '1_0' is not a number"),
    ],
)
def test_first_offending_line_is_named(tmp_path, rows, line, words):
    path = write(tmp_path, HEAD + rows)
    with pytest.raises(TableError, match=words) as caught:
        read_candidates(path, CAMERAS, n_frames=100)
    assert str(caught.value).startswith(f"{path}, line {line}: ")


def test_far_off_the_picture_depends_on_its_size(tmp_path):
    rig = Rig(tuple(Camera(name, (640, 480), np.eye(3)) for name in CAMERAS))
    assert len(read_candidates(write(tmp_path, HEAD + "0,cam0,1,700,-30\n"), rig)) == 1
    for position in ("6401,1", "1,4801", "-6401,1"):
        path = write(tmp_path, HEAD + f"0,cam0,1,{position}\n")
        assert len(read_candidates(path, CAMERAS)) == 1
        with pytest.raises(TableError, match=r"line 2: the position .* far off the picture"):
            read_candidates(path, rig)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (HEAD.replace(",", ";") + "0;cam0;1;1,5;2\n", "semicolons"),
        (HEAD.replace(",", "\t") + "0\tcam0\t1\t1\t2\n", "tabs"),
        ("frame,camera,x,y\n0,cam0,1,2\n", "no column 'number'; it needs frame, .* and has frame"),
        ("0,cam0,1,1,2\n", "no column 'frame'"),
        ("frame,camera,number,x,y,x\n0,cam0,1,2,3,4\n", "more than one column 'x'"),
        (GOOD.encode("utf-16"), "not text in UTF-8"),
        (GOOD.encode("latin-1"), "line 4: it is not text in UTF-8"),
        (b"PAR1 not really", "cannot be read"),
        (b"\x00\x01\x02", "neither CSV"),
    ],
)
def test_not_such_a_table(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(TableError, match=words) as caught:
        read_candidates(path, CAMERAS)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(TableError, match="No such file"):
        read_candidates(tmp_path / "none.csv", CAMERAS)
    with pytest.raises(TableError, match="cannot be read"):
        read_candidates(tmp_path, CAMERAS)


def test_parquet_of_pandas(tmp_path):
    """Float frames, category cameras, an index: what a data frame looks like after a join."""
    frame = pd.DataFrame(
        {"Frame": [0.0, 0, 2], "camera": ["cam0", "cam0", "Käfig, links"], "number": [1, 3, 1],
         "x": [10.5, 11, 12], "y": np.float32([20.25, 21, -0.25])},
        index=[7, 8, 9],
    ).astype({"camera": "category"})  # fmt: skip
    frame.to_parquet(tmp_path / "a.parquet")
    assert_good(read_candidates(tmp_path / "a.parquet", CAMERAS))


def test_parquet_names_rows_and_types(tmp_path):
    frame = pd.DataFrame({"frame": [0, 1], "camera": ["cam0"] * 2, "number": [1, 1], "x": 1.0})
    path = tmp_path / "a.parquet"
    frame.assign(y=[1.0, np.inf]).to_parquet(path)
    with pytest.raises(TableError, match="row 2: x or y"):
        read_candidates(path, CAMERAS)
    frame.assign(y=["a", "b"]).to_parquet(path)
    with pytest.raises(TableError, match=r"column 'y' holds .*string, not numbers"):
        read_candidates(path, CAMERAS)
    frame.to_parquet(path)
    with pytest.raises(TableError, match="no column 'y'"):
        read_candidates(path, CAMERAS)


def test_cameras_that_are_numbers(tmp_path):
    frame = pd.DataFrame({"frame": [0], "camera": [12], "number": [1], "x": [1.0], "y": [2.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    for name in ("a.csv", "a.parquet"):
        np.testing.assert_array_equal(read_candidates(tmp_path / name, ["3", "12"]).camera, [1])


floats = st.floats(-1e6, 1e6)
unknown = st.one_of(st.just(np.nan), st.floats(allow_nan=False, allow_infinity=False))
places = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 1), st.integers(1, 999))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(places, floats, floats, unknown, unknown), unique_by=lambda r: r[0]),
    suffix=st.sampled_from([".csv", ".parquet"]),
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])).filter(str.strip),
        min_size=2, max_size=2, unique=True,
    ),
)  # fmt: skip
def test_round_trip_is_exact(rows, suffix, names, tmp_path_factory):
    keys = np.array([row[0] for row in rows], dtype=np.int64).reshape(-1, 3)
    rest = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)
    table = CandidateTable(
        keys[:, 0], keys[:, 1].astype(np.int16), keys[:, 2].astype(np.int32),
        rest[:, :2], rest[:, 2], rest[:, 3],
    )  # fmt: skip
    path = tmp_path_factory.mktemp("table") / f"a{suffix}"
    write_candidates(table, names, path)
    assert_equal(read_candidates(path, names), CandidateTable.concatenate([table]))


def test_written_csv(tmp_path):
    table = read_candidates(write(tmp_path, GOOD), CAMERAS)
    write_candidates(table, CAMERAS, tmp_path / "out.csv")
    frame = pd.read_csv(tmp_path / "out.csv")
    assert list(frame) == ["frame", "camera", "number", "x", "y", "intensity", "size"]
    assert list(frame["camera"]) == ["cam0", "cam0", "Käfig, links"]
    write_candidates(table, ("a", "b"), tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[:2] == ["frame,camera,number,x,y,intensity,size", "0,a,1,10.5,20.25,,"]


def test_writing_refuses_other_suffixes_and_full_disks(tmp_path, monkeypatch):
    with pytest.raises(TableError, match=r"\.csv or \.parquet"):
        write_candidates(CandidateTable.empty(), CAMERAS, tmp_path / "a.xlsx")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(TableError, match="is full"):
        write_candidates(CandidateTable.empty(), CAMERAS, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []
