"""Poses written by other libraries, and real recordings."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import sleap_io

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.poses import read_poses

DATA = Path(__file__).parents[5] / "shared" / "data"
ANIMALS, PARTS = ("mouse1", "mouse2"), ("nose", "tail_base")


def real(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not here: it belongs to the shared recordings")
    return path


def points(frames: int = 5) -> np.ndarray:
    """Positions that name themselves: frame, animal, keypoint, axis."""
    f, a, k, c = np.indices((frames, 2, 2, 2))
    return 100.0 * (f + 1) + 10 * a + 2 * k + c


def dlc_frame(values: np.ndarray, likelihood: np.ndarray, *, animals: tuple[str, ...]):
    columns, data = [], []
    for a, animal in enumerate(animals):
        for k, part in enumerate(PARTS):
            for c, coord in enumerate(("x", "y", "likelihood")):
                columns.append(("net", animal, part, coord))
                data.append(likelihood[:, a, k] if c == 2 else values[:, a, k, c])
    names = ["scorer", "individuals", "bodyparts", "coords"]
    frame = pd.DataFrame(np.stack(data, 1), columns=pd.MultiIndex.from_tuples(columns, names=names))
    if len(animals) == 1:
        frame.columns = frame.columns.droplevel("individuals")
    return frame


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_dlc_of_several_animals_with_missing_and_unlikely_points(tmp_path, suffix):
    values, likelihood = points(), np.full((5, 2, 2), 0.9)
    values[1, 0, 1] = 0.0
    values[2, 1] = np.nan
    likelihood[3, 0, 0] = 0.01
    frame = dlc_frame(values, likelihood, animals=ANIMALS)
    path = tmp_path / f"video_DLC.{suffix}"
    frame.to_csv(path) if suffix == "csv" else frame.to_hdf(path, key="df_with_missing")
    tracks = read_poses(path, fps=25)
    expected = values.copy()
    expected[1, 0, 1] = expected[3, 0, 0] = np.nan
    assert (tracks.animals, tracks.keypoints, tracks.fps) == (ANIMALS, PARTS, 25)
    np.testing.assert_array_equal(tracks.positions, expected)


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_dlc_of_one_animal(tmp_path, suffix):
    frame = dlc_frame(points()[:, :1], np.ones((5, 1, 2)), animals=("one",))
    path = tmp_path / f"video_DLC.{suffix}"
    frame.to_csv(path) if suffix == "csv" else frame.to_hdf(path, key="tracks")
    tracks = read_poses(path)
    assert tracks.animals == ("A0",)
    np.testing.assert_array_equal(tracks.positions, points()[:, :1])


def test_unique_bodyparts_are_no_animal(tmp_path):
    frame = dlc_frame(points(), np.ones((5, 2, 2)), animals=("mouse1", "single"))
    frame.to_hdf(tmp_path / "a.h5", key="df")
    assert read_poses(tmp_path / "a.h5").animals == ("mouse1",)


def slp(path: Path, *, tracked: bool = True, first: int = 3) -> np.ndarray:
    skeleton = sleap_io.Skeleton(nodes=list(PARTS))
    video = sleap_io.Video(filename="C:\\lab\\mice.mp4", open_backend=False)
    tracks = [sleap_io.Track(name) for name in ANIMALS]
    frames = []
    for row, pose in enumerate(points()):
        instances = [
            sleap_io.PredictedInstance.from_numpy(
                xy, skeleton=skeleton, track=tracks[a] if tracked else None, score=0.9
            )
            for a, xy in enumerate(pose)
        ]
        frames.append(
            sleap_io.LabeledFrame(video=video, frame_idx=first + row, instances=instances)
        )
    labels = sleap_io.Labels(frames)
    sleap_io.save_slp(labels, str(path))
    return points()


def test_slp_keeps_frame_numbers_and_tracks(tmp_path):
    expected = slp(tmp_path / "mice.slp")
    tracks = read_poses(tmp_path / "mice.slp", view="mice")
    assert (tracks.animals, tracks.keypoints, len(tracks)) == (ANIMALS, PARTS, 8)
    assert np.isnan(tracks.positions[:3]).all()
    np.testing.assert_array_equal(tracks.positions[3:], expected)


def test_slp_without_tracks_is_refused_in_one_sentence(tmp_path):
    slp(tmp_path / "mice.slp", tracked=False)
    with pytest.raises(TableError, match="track them in SLEAP first"):
        read_poses(tmp_path / "mice.slp")


def test_analysis_h5_of_sleap_io(tmp_path):
    expected = slp(tmp_path / "mice.slp", first=0)
    labels = sleap_io.load_slp(str(tmp_path / "mice.slp"), open_videos=False)
    sleap_io.save_analysis_h5(labels, str(tmp_path / "mice.analysis.h5"))
    tracks = read_poses(tmp_path / "mice.analysis.h5")
    assert (tracks.animals, tracks.keypoints) == (ANIMALS, PARTS)
    np.testing.assert_array_equal(tracks.positions, expected)


def test_own_tables(tmp_path):
    rows = [(f, k, 10 * f + i, f, i) for f in (0, 2) for i, k in enumerate(PARTS)]
    table = pd.DataFrame(rows, columns=["frame", "keypoint", "x", "y", "z"])
    table.to_csv(tmp_path / "pose3d.csv", index=False)
    tracks = read_poses(tmp_path / "pose3d.csv")
    assert tracks.positions.shape == (3, 1, 2, 3)
    np.testing.assert_array_equal(tracks.positions[2, 0], [[20, 2, 0], [21, 2, 1]])
    assert np.isnan(tracks.positions[1]).all()
    both = pd.concat([table.drop(columns="z").assign(camera=c) for c in ("top", "side")])
    both.to_csv(tmp_path / "labels2d.csv", index=False)
    with pytest.raises(TableError, match="say which one is meant: top, side"):
        read_poses(tmp_path / "labels2d.csv")
    assert read_poses(tmp_path / "labels2d.csv", view="side").positions[2, 0, 1, 0] == 21


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "no such file"),
        ("text.csv", b"a,b\n1,2\n", "no known format"),
        ("binary.h5", bytes(range(256)), "no known format"),
        ("cut.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "damaged"),
        ("short.csv", b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\n0,1\n", "damaged"),
        ("words.csv", b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\n0,one,two\n", "numbers"),
        ("empty.csv", b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\n", "damaged|no rows"),
        ("nothing.csv", b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\n0,0,0\n", "no position"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=words) as raised:
        read_poses(tmp_path / name)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_hdf5_of_another_program(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(TableError, match="no known format"):
        read_poses(tmp_path / "other.h5")


def test_real_three_mice():
    tracks = read_poses(real("mabe_three_mice", "EGS8X2MN4SSUGFWAV976.h5"))
    assert tracks.positions.shape == (1800, 3, 12, 2)
    assert tracks.keypoints[0] == "nose"
    assert np.isnan(tracks.positions[..., 0]).sum() == 6744


def test_real_hand_labels_with_old_and_new_index():
    folder = real("dlc_openfield", "labeled-data", "m4s1")
    by_csv = read_poses(next(folder.glob("*.csv")))
    by_h5 = read_poses(next(folder.glob("*.h5")))
    assert by_csv.keypoints == by_h5.keypoints == ("snout", "leftear", "rightear", "tailbase")
    np.testing.assert_allclose(by_csv.positions, by_h5.positions)
    np.testing.assert_allclose(by_csv.positions[0, 0, 0], (21.521, 265.428))


def test_real_slp_of_several_views():
    path = real("sleap_min_session_8cam", "min_session.slp")
    with pytest.raises(TableError, match="8 videos"):
        read_poses(path)
    tracks = read_poses(path, view="min_session_top")
    assert tracks.animals == ("track_0", "track_1")
    assert "Nose" in tracks.keypoints
