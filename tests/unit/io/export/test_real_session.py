"""Round trip of a real recording: SLEAP's eight-camera session out to each format and back."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import sleap_io as sio
import yaml

from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.triangulation import triangulate
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.export import ExportSession, export

DATA = Path(__file__).parents[5] / "shared/data/sleap_min_session_8cam"
TRACK = "track_0"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA.name} is not here")


@pytest.fixture(scope="module")
def images() -> dict[tuple[str, int], np.ndarray]:
    """All frames of all videos, decoded in order, RGB."""
    result = {}
    for path in sorted(DATA.glob("min_session_*.mp4")):
        video = cv2.VideoCapture(str(path))
        frame = 0
        while (read := video.read())[0]:
            result[path.stem.removeprefix("min_session_"), frame] = read[1][..., ::-1].copy()
            frame += 1
    return result


@pytest.fixture(scope="module")
def real(images) -> ExportSession:
    rig = read_calibration(DATA / "calibration.toml")
    source = sio.load_slp(str(DATA / "min_session_user_labeled.slp"), open_videos=False)
    skeleton = Skeleton(
        tuple(source.skeletons[0].node_names), tuple(map(tuple, source.skeletons[0].edge_names))
    )
    labels = Labels.empty(np.arange(3), len(rig), len(skeleton))
    for labelled in source:
        # The paths inside are absolute ones of a Windows machine.
        name = labelled.video.filename.replace("\\", "/").rsplit("/", 1)[1]
        camera = rig.index(Path(name).stem.removeprefix("min_session_"))
        for instance in labelled.user_instances:
            if instance.track.name == TRACK:
                labels.xy[labelled.frame_idx, camera] = instance.numpy()
    labels.status[np.isfinite(labels.xy).all(axis=-1)] = Status.ACCEPTED
    labels.source[labels.status == Status.ACCEPTED] = Source.HUMAN
    return ExportSession(
        name="min session", rig=rig, skeleton=skeleton, labels=labels, poses=_poses(rig, labels),
        videos={name: DATA / f"min_session_{name}.mp4" for name in rig.names},
        read_image=lambda camera, frame: images[camera, frame], n_frames=4, fps=30.0,
        scorer="talmo",
    )  # fmt: skip


def _poses(rig, labels: Labels) -> Poses:
    f, c, k = labels.status.shape
    result = triangulate(rig, labels.xy.transpose(0, 2, 1, 3).reshape(f * k, c, 2))
    nan = np.full((f, c, k), np.nan)
    return Poses(
        labels.frames, np.asarray(result.points).reshape(f, k, 3), np.full((f, k), np.nan), nan,
        nan, np.full((f, k), c, np.int8), np.full((f, k, 3, 3), np.nan, np.float32),
        np.full((f, k), np.nan, np.float32),
    )  # fmt: skip


def test_the_recording_is_what_we_think(real, images):
    assert len(images) == 8 * 4
    assert (real.labels.status == Status.ACCEPTED).sum() > 300
    assert np.isfinite(real.poses.points).all(axis=-1).mean() > 0.9


def test_dlc(real, images, run, tmp_path):
    run(export(real, "dlc", tmp_path / "out"))
    for c, camera in enumerate(real.rig.names):
        folder = tmp_path / f"out/labeled-data/min-session_{camera}"
        frame = pd.read_hdf(folder / "CollectedData_talmo.h5")
        read = frame.to_numpy().reshape(3, -1, 2)
        np.testing.assert_array_equal(read, real.labels.xy[:, c])
        for row, (*_, name) in enumerate(frame.index):
            picture = cv2.imread(str(folder / name))[..., ::-1]
            np.testing.assert_array_equal(picture, images[camera, row])
    labels = sio.load_dlc_project(str(tmp_path / "out/config.yaml"))
    assert len(labels) == 8 * 3
    order = [real.skeleton.index(name) for name in labels.skeletons[0].node_names]
    for labelled in labels:
        image = Path(labelled.video.filename[labelled.frame_idx])
        camera = real.rig.index(image.parent.name.removeprefix("min-session_"))
        expected = real.labels.xy[int(image.stem.removeprefix("img")), camera][order]
        read = labelled.instances[0].numpy()
        np.testing.assert_allclose(read, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("format_name", "suffix"), [("sleap", ".slp"), ("sleap", ".3d.slp"),
                                ("sleap-pkg", ".pkg.slp"), ("sleap-pkg", ".3d.slp")],
)  # fmt: skip
def test_sleap(real, images, run, tmp_path, format_name, suffix):
    run(export(real, format_name, tmp_path / "out"))
    labels = sio.load_slp(str(tmp_path / f"out/min-session{suffix}"))
    assert len(labels) == 8 * 3
    for labelled in labels:
        camera = labels.videos.index(labelled.video)
        np.testing.assert_array_equal(
            labelled.instances[0].numpy(), real.labels.xy[labelled.frame_idx, camera]
        )
        if format_name == "sleap-pkg":
            name = real.rig.names[camera]
            np.testing.assert_array_equal(labelled.image, images[name, labelled.frame_idx])
        else:
            assert labelled.image.shape[:2] == (1024, 1280)
    if suffix == ".3d.slp":
        _check_3d(real, labels)


def _check_3d(real: ExportSession, labels: sio.Labels) -> None:
    """The 3D points, projected with the cameras of the file itself, fall onto the labels."""
    (recording,) = labels.sessions
    original = sio.load_slp(str(DATA / "min_session_frame_groups.slp"), open_videos=False)
    known = {camera.name: camera for camera in original.sessions[0].camera_group.cameras}
    for frame, group in recording.frame_groups.items():
        (animal,) = group.instance_groups
        np.testing.assert_array_equal(animal.points, real.poses.points[frame])
        assert len(animal.cameras) == 8
        for camera, instance in animal.instance_by_camera.items():
            np.testing.assert_allclose(camera.matrix, known[camera.name].matrix)
            np.testing.assert_allclose(camera.extrinsic_matrix, known[camera.name].extrinsic_matrix)
            pixels, _ = cv2.projectPoints(
                animal.points, camera.rvec, camera.tvec, camera.matrix, camera.dist
            )
            error = np.linalg.norm(pixels[:, 0] - instance.numpy(), axis=1)
            assert np.nanmedian(error) < 10, camera.name


def test_lightning_pose(real, images, run, tmp_path):
    run(export(real, "lightning-pose", tmp_path / "out"))
    views = yaml.safe_load((tmp_path / "out/project.yaml").read_text())["view_names"]
    # Lightning Pose looks for a view's name anywhere in a file's: back is part of backL.
    assert views[:2] == ["backv0", "backL"]
    for c, view in enumerate(views):
        frame = pd.read_csv(
            tmp_path / f"out/CollectedData_{view}.csv", header=[0, 1, 2], index_col=0
        )
        read = frame.to_numpy(float).reshape(3, -1, 3)
        np.testing.assert_array_equal(read[..., :2], real.labels.xy[:, c])
        for row, path in enumerate(frame.index):
            assert path == f"labeled-data/min-session_{view}/frame{row:08d}.png"
            picture = cv2.imread(str(tmp_path / "out" / path))[..., ::-1]
            np.testing.assert_array_equal(picture, images[real.rig.names[c], row])


def test_coco(real, run, tmp_path):
    run(export(real, "coco", tmp_path / "out"))
    labels = sio.load_coco(str(tmp_path / "out/annotations.json"))
    assert len(labels) == 8 * 3
    for labelled in labels:
        image = Path(labelled.video.filename[labelled.frame_idx])
        camera = real.rig.index(image.parent.name.removeprefix("min-session_"))
        expected = real.labels.xy[int(image.stem.removeprefix("img")), camera]
        np.testing.assert_allclose(labelled.instances[0].numpy(), expected, rtol=1e-6)


def test_nwb(real, run, tmp_path):
    report = run(export(real, "nwb", tmp_path / "out"))
    assert any("time of the file" in warning for warning in report.warnings)
    labels = sio.load_nwb(str(tmp_path / "out/min-session.nwb"))
    assert len(labels) == 8 * 3
    for labelled in labels:
        name = Path(labelled.video.filename).stem.removeprefix("min_session_")
        np.testing.assert_array_equal(
            labelled.instances[0].numpy(), real.labels.xy[labelled.frame_idx, real.rig.index(name)]
        )
