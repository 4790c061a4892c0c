"""SLEAP files, read back by sleap-io."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import sleap_io as sio

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.io.export import export
from napari_behaviorvlm.io.export.sleap_model import brown_distortion

NAME = "Mouse-1-dia-2"
SHAPE = (48, 64, 3)


def _load(folder: Path, suffix: str) -> sio.Labels:
    return sio.load_slp(str(folder / f"{NAME}{suffix}"))


def _format_id(path: Path) -> float:
    with h5py.File(path) as file:
        return float(file["metadata"].attrs["format_id"])


def _union(labels: sio.Labels, video: int, frame: int) -> np.ndarray:
    """Positions of all instances of a frame, one animal."""
    (labelled,) = labels.find(labels.videos[video], frame)
    stacked = np.stack([instance.numpy() for instance in labelled.instances])
    assert np.isfinite(stacked).all(axis=-1).sum(axis=0).max() == 1, "each keypoint once"
    return np.nanmax(np.where(np.isnan(stacked), -np.inf, stacked), axis=0)


@pytest.fixture
def plain(session, run, tmp_path) -> Path:
    run(export(session, "sleap", tmp_path / "out"))
    return tmp_path / "out"


def test_plain_file_is_readable_by_every_sleap(session, plain, tmp_path):
    assert _format_id(plain / f"{NAME}.slp") == pytest.approx(1.4)
    labels = _load(plain, ".slp")
    assert not labels.sessions
    assert labels.skeletons[0].node_names == list(session.skeleton.keypoints)
    assert labels.skeletons[0].edge_inds == session.skeleton.edge_indices
    assert [Path(video.filename) for video in labels.videos] == [
        tmp_path / "trial0.mp4", tmp_path / "trial1.mp4",
    ]  # fmt: skip
    assert tuple(labels.videos[1].shape) == (20, *SHAPE)
    assert [(labels.videos.index(f.video), f.frame_idx) for f in labels] == [
        (0, 3), (0, 7), (1, 3), (1, 7),
    ]  # fmt: skip


def test_positions_and_what_is_known_of_the_others(session, plain):
    labels = _load(plain, ".slp")
    (labelled,) = labels.find(labels.videos[0], 3)
    (instance,) = labelled.instances
    assert type(instance) is sio.Instance
    points = instance.points
    np.testing.assert_array_equal(points["xy"][[0, 3]], session.labels.xy[0, 0, [0, 3]])
    assert points["visible"].tolist() == [True, False, False, True]
    assert points["complete"].tolist() == [True, False, True, True], "rejected, then occluded"
    assert np.isnan(points["xy"][[1, 2]]).all()


def test_proposals_are_predictions(session, run, tmp_path):
    run(export(session, "sleap", tmp_path / "out", only="all"))
    labels = _load(tmp_path / "out", ".slp")
    (mixed,) = labels.find(labels.videos[0], 7)
    assert [type(instance) for instance in mixed.instances] == [sio.Instance, sio.PredictedInstance]
    prediction = mixed.instances[1]
    assert prediction.points["visible"].tolist() == [False, True, False, False]
    assert prediction.points["score"][1] == prediction.score == pytest.approx(0.875)
    for camera, row, frame in ((0, 0, 3), (0, 1, 7), (1, 2, 12)):
        chosen = np.isin(session.labels.status[row, camera], (1, 2, 3))
        union = _union(labels, camera, frame)
        np.testing.assert_array_equal(union[chosen], session.labels.xy[row, camera][chosen])
        assert np.isinf(union[~chosen]).all()


def test_3d_file_ties_views_and_points(session, plain):
    assert _format_id(plain / f"{NAME}.3d.slp") == pytest.approx(2.8)
    labels = _load(plain, ".3d.slp")
    (recording,) = labels.sessions
    for camera, known in zip(recording.camera_group.cameras, session.rig, strict=True):
        assert camera.name == known.name
        assert recording.get_video(camera) is labels.videos[session.rig.index(known.name)]
        np.testing.assert_array_equal(camera.matrix, known.matrix)
        np.testing.assert_array_equal(camera.dist, known.distortion)
        np.testing.assert_array_equal(camera.rvec, known.rotation)
        np.testing.assert_array_equal(camera.tvec, known.translation)
        assert camera.size == known.size
    assert sorted(recording.frame_groups) == [3, 7]
    (group,) = recording.frame_groups[7].instance_groups
    assert [camera.name for camera in group.cameras] == list(session.rig.names)
    np.testing.assert_array_equal(group.points[[0, 2]], session.poses.points[1, [0, 2]])
    assert np.isnan(group.points[[1, 3]]).all(), "proposed, and without a point"


def test_package_has_the_exact_images_and_linked_cameras(session, run, tmp_path, picture):
    run(export(session, "sleap-pkg", tmp_path / "out"))
    path = tmp_path / "out" / f"{NAME}.pkg.slp"
    assert _format_id(path) == pytest.approx(1.4)
    labels = _load(tmp_path / "out", ".pkg.slp")
    for labelled in labels:
        camera = labels.videos.index(labelled.video)
        np.testing.assert_array_equal(labelled.image, picture(camera, labelled.frame_idx))
    (recording,) = labels.sessions
    linked = {camera.name: recording.get_video(camera) for camera in recording.cameras}
    assert linked == dict(zip(session.rig.names, labels.videos, strict=True))
    sources = [Path(video.source_video.filename).name for video in labels.videos]
    assert sources == ["trial0.mp4", "trial1.mp4"]


def test_3d_file_of_a_package_shows_its_images(session, run, tmp_path, picture, monkeypatch):
    run(export(session, "sleap-pkg", tmp_path / "out"))
    monkeypatch.chdir(tmp_path)
    labels = _load(tmp_path / "out", ".3d.slp")
    assert sorted(labels.sessions[0].frame_groups) == [3, 7]
    np.testing.assert_array_equal(labels[1].image, picture(0, 7))


def test_package_survives_being_saved_again_by_sleap_io(session, run, tmp_path, picture):
    run(export(session, "sleap-pkg", tmp_path / "out"))
    labels = _load(tmp_path / "out", ".pkg.slp")
    labels.save(str(tmp_path / "again.pkg.slp"), embed=True, verbose=False)
    again = sio.load_slp(str(tmp_path / "again.pkg.slp"))
    np.testing.assert_array_equal(again[1].image, picture(0, 7))


def test_grey_package(make_session, run, tmp_path, picture):
    session = make_session(read_image=lambda camera, frame: picture(0, frame)[..., 0])
    run(export(session, "sleap-pkg", tmp_path / "out"))
    labels = _load(tmp_path / "out", ".pkg.slp")
    np.testing.assert_array_equal(labels[1].image, picture(0, 7)[..., :1])


def test_images_are_read_one_at_a_time(session, run, tmp_path):
    """Pictures are let go, whatever the number of frames."""
    import weakref

    class Picture(np.ndarray):
        pass

    alive: list[weakref.ref[Picture]] = []

    def read(camera: str, frame: int) -> np.ndarray:
        image = np.zeros(SHAPE, np.uint8).view(Picture)
        alive.append(weakref.ref(image))
        assert sum(known() is not None for known in alive) <= 2, "this one and the one before"
        return image

    for format_name in ("sleap-pkg", "dlc"):
        run(export(replace(session, read_image=read), format_name, tmp_path / format_name))


def _rig(*distortions: object, fisheye: bool = False) -> Rig:
    return Rig(
        tuple(
            Camera(f"cam{i}", (64, 48), np.diag([50.0, 50, 1]), np.array(d, float), fisheye=fisheye)
            for i, d in enumerate(distortions)
        )
    )


def test_lenses_that_sleap_has():
    rig = _rig([], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0, 0, 0])
    expected = [[0] * 5, [1, 2, 3, 4, 0], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
    assert [brown_distortion(camera).tolist() for camera in rig] == expected


@pytest.mark.parametrize(
    ("rig", "word"),
    [
        (_rig([1, 2, 3, 4], [1, 2, 3, 4], fisheye=True), "fisheye"),
        (_rig([0] * 5, [1, 2, 3, 4, 5, 6, 7, 8]), "8 coefficients"),
    ],
)
@pytest.mark.parametrize("format_name", ["sleap", "sleap-pkg"])
def test_lenses_that_sleap_lacks(make_session, run, tmp_path, rig, word, format_name):
    report = run(export(make_session(rig=rig), format_name, tmp_path / "out"))
    assert word in report.warnings[0]
    assert not list((tmp_path / "out").glob("*.3d.slp"))
    (labels,) = (sio.load_slp(str(path)) for path in (tmp_path / "out").glob("*.slp"))
    assert not labels.sessions
    assert len(labels) == 4
    assert (tmp_path / "out/behaviorvlm/calibration.toml").is_file()


def test_folder_of_images_in_natural_order(session, run, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (10, 9, 2):
        (folder / f"img{number}.png").touch()
    (folder / "notes.txt").touch()
    listed = [tmp_path / "b.png", tmp_path / "a.png"]
    videos = {"Cam é 1": folder, "cam 2": listed}
    run(export(replace(session, videos=videos), "sleap", tmp_path / "out"))
    labels = sio.load_slp(str(tmp_path / "out" / f"{NAME}.slp"), open_videos=False)
    names = [[Path(path).name for path in video.filename] for video in labels.videos]
    assert names == [["img2.png", "img9.png", "img10.png"], ["b.png", "a.png"]]


def test_camera_without_video_and_labels(session, run, tmp_path):
    session.labels.status[:, 0] = Status.UNLABELLED
    fewer = replace(session, videos={"cam 2": session.videos["cam 2"]})
    run(export(fewer, "sleap-pkg", tmp_path / "out"))
    labels = _load(tmp_path / "out", ".pkg.slp")
    assert [camera.name for camera in labels.sessions[0].cameras] == ["cam 2"]
    assert len(labels.videos) == 1


def test_camera_with_video_but_without_labels_keeps_its_place(session, run, tmp_path):
    session.labels.status[:, 0] = Status.UNLABELLED
    run(export(session, "sleap-pkg", tmp_path / "out"))
    labels = _load(tmp_path / "out", ".pkg.slp")
    (recording,) = labels.sessions
    assert [camera.name for camera in recording.cameras] == ["Cam é 1", "cam 2"]
    assert recording.get_video(recording.cameras[1]) is labels[0].video
