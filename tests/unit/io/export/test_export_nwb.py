"""NWB files, read by pynwb, ndx-pose and sleap-io, and checked by pynwb's validator."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pynwb
import pytest
import sleap_io as sio

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.export import export
from napari_behaviorvlm.io.export.nwb_parts import nwb_names

NAME = "Mouse-1-dia-2.nwb"


@pytest.fixture
def opened():
    handles = []

    def open_(path):
        handles.append(pynwb.NWBHDF5IO(str(path), "r"))
        return handles[-1].read()

    yield open_
    for handle in handles:
        handle.close()


@pytest.fixture
def file(session, run, tmp_path, opened):
    run(export(session, "nwb", tmp_path / "out"))
    return opened(tmp_path / "out" / NAME)


def poses(file):
    return file.processing["behavior"]["MultiCameraPoseEstimation"]


def test_the_validator_finds_nothing(session, run, tmp_path):
    for only in ("accepted", "all"):
        run(export(session, "nwb", tmp_path / only, only=only))
        assert pynwb.validate(path=str(tmp_path / only / NAME)) == []


def test_the_file_names_the_session_and_its_start(file):
    assert file.session_id == "Mouse 1, día 2"
    assert file.session_start_time == datetime(2026, 5, 1, 14, 30, tzinfo=UTC)
    assert file.notes is None
    assert file.was_generated_by[0][0] == "napari-behaviorvlm"


def test_cameras_are_calibrated(session, file):
    for camera in session.rig:
        device = file.devices[camera.name]
        assert device.neurodata_type == "CalibratedCamera"
        np.testing.assert_array_equal(device.intrinsic_matrix[:], camera.matrix)
        np.testing.assert_array_equal(device.distortion_coefficients[:], camera.distortion)
        np.testing.assert_allclose(device.rotation_matrix[:], camera.rotation_matrix)
        np.testing.assert_array_equal(device.translation_vector[:], camera.translation)
        assert "millimeters" in device.description


def test_positions_of_each_camera_with_confidence(session, file):
    located = np.isin(session.labels.status, (1, 2, 3))
    for c, camera in enumerate(session.rig.names):
        view = poses(file).pose_estimations[camera]
        assert view.device is file.devices[camera]
        assert (view.scorer, view.source_software) == ("Ann", "napari-behaviorvlm")
        for k, keypoint in enumerate(session.skeleton.keypoints):
            series = view.pose_estimation_series[keypoint]
            expected = np.where(located[:, c, k, None], session.labels.xy[:, c, k], np.nan)
            np.testing.assert_array_equal(series.data[:], expected)
            np.testing.assert_array_equal(
                series.confidence[:], np.where(located[:, c, k], np.float32(0.875), np.nan)
            )
            assert series.unit == "pixels"


def test_points(session, file):
    for k, keypoint in enumerate(session.skeleton.keypoints):
        series = poses(file).pose_estimation_series[keypoint]
        known = np.isfinite(series.data[:]).all(axis=-1)
        assert known.sum() == (2 if keypoint in {"tail base", "paw"} else 3)
        np.testing.assert_array_equal(series.data[:][known], session.poses.points[known, k])
        np.testing.assert_array_equal(series.confidence[:], np.where(known, 0.75, np.nan))
        assert series.unit == "millimeters"
        error = file.processing["behavior"]["reprojection_error"].data[:, k]
        np.testing.assert_array_equal(error, np.where(known, session.poses.error[:, k], np.nan))


def test_skeleton(session, file):
    skeleton = file.processing["behavior"]["Skeletons"]["skeleton"]
    assert list(skeleton.nodes[:]) == list(session.skeleton.keypoints)
    assert skeleton.edges[:].tolist() == [[0, 1], [1, 2]]
    assert poses(file).skeleton is skeleton


def test_why_there_is_no_position_and_whose_label_it_is(file):
    module = file.processing["behavior"]
    assert module["visibility"].data[0].tolist() == [[1, 5, 2, 1], [1, 1, 3, 2]]
    assert "2 occluded, 3 out_of_view" in module["visibility"].description
    assert module["label_status"].data[0, 1, 0] == Status.CORRECTED
    assert module["label_source"].data[0, :, 0].tolist() == [Source.GEOMETRIC, Source.HUMAN]
    assert "keypoint (nose, ear_L, tail base, paw)" in module["label_source"].description


def test_times_are_frames_by_the_frame_rate(session, file):
    frames = file.processing["behavior"]["frame_numbers"]
    assert frames.data[:].tolist() == [3, 7, 12]
    series = poses(file).pose_estimations["cam 2"].pose_estimation_series["nose"]
    np.testing.assert_allclose(series.timestamps[:], np.array([3, 7, 12]) / 28.6)


@pytest.mark.parametrize(("frames", "rate"), [((3, 4, 5), 28.6), ((2, 7, 12), 28.6 / 5)])
def test_even_steps_are_a_rate(session, run, tmp_path, opened, frames, rate):
    moved = {"frames": np.array(frames)}
    session = replace(
        session, labels=replace(session.labels, **moved), poses=replace(session.poses, **moved)
    )
    run(export(session, "nwb", tmp_path / "out"))
    series = poses(opened(tmp_path / "out" / NAME)).pose_estimation_series["nose"]
    assert series.rate == pytest.approx(rate)
    assert series.starting_time == pytest.approx(frames[0] / 28.6)


def test_videos_are_linked_by_relative_path(session, file, tmp_path):
    video = file.acquisition["video cam 2"]
    assert video.external_file[:].tolist() == ["../trial1.mp4"]
    assert (tmp_path / "out" / video.external_file[0]).resolve() == session.videos["cam 2"]
    assert (video.rate, video.num_samples) == (28.6, 20)
    assert video.dimension[:].tolist() == [64, 48]
    assert video.device is file.devices["cam 2"]
    assert poses(file).pose_estimations["cam 2"].source_video is video


def test_folders_of_images_are_linked_in_order(make_session, run, tmp_path, opened):
    for name in ("img10.png", "img2.png"):
        (tmp_path / name).write_bytes(b"x")
    session = make_session(videos=dict.fromkeys(("Cam é 1", "cam 2"), tmp_path))
    run(export(session, "nwb", tmp_path / "out"))
    video = opened(tmp_path / "out" / NAME).acquisition["video cam 2"]
    assert video.external_file[:].tolist() == ["../img2.png", "../img10.png"]
    assert video.starting_frame[:].tolist() == [0, 1]


def test_training_frames_are_the_views_that_people_labelled(session, file):
    frames = file.processing["behavior"]["PoseTraining"].training_frames.training_frames
    assert sorted(frames) == ["Cam é 1 frame 3", "cam 2 frame 3"], "7 was only accepted"
    for c, camera in enumerate(session.rig.names):
        frame = frames[f"{camera} frame 3"]
        assert (frame.annotator, frame.source_video_frame_index) == ("Ann", 3)
        assert frame.source_video is file.acquisition[f"video {camera}"]
        animal = frame.skeleton_instances["animal"]
        known = np.isin(session.labels.status[0, c], (Status.ACCEPTED, Status.CORRECTED))
        expected = np.where(known[:, None], session.labels.xy[0, c], np.nan)
        np.testing.assert_array_equal(animal.node_locations[:], expected)
        # The paw of cam 2 was called occluded by the program only.
        assert animal.node_visibility[:].tolist() == [True, True, camera == "cam 2", True]


def test_sleap_io_reads_the_training_frames(session, run, tmp_path):
    run(export(session, "nwb", tmp_path / "out"))
    labels = sio.load_nwb(str(tmp_path / "out" / NAME))
    assert labels.skeletons[0].node_names == list(session.skeleton.keypoints)
    assert [labelled.frame_idx for labelled in labels] == [3, 3]
    for c, labelled in enumerate(labels):
        assert labelled.video.filename == f"../trial{c}.mp4"
        known = np.isin(session.labels.status[0, c], (Status.ACCEPTED, Status.CORRECTED))
        np.testing.assert_array_equal(
            labelled.instances[0].numpy(), np.where(known[:, None], session.labels.xy[0, c], np.nan)
        )


def test_nothing_labelled_by_hand_is_no_training(session, run, tmp_path, opened):
    session.labels.source[session.labels.source == Source.HUMAN] = Source.GEOMETRIC
    run(export(session, "nwb", tmp_path / "out"))
    assert "PoseTraining" not in opened(tmp_path / "out" / NAME).processing["behavior"].containers


def test_without_videos_poses_remain(make_session, run, tmp_path, opened):
    report = run(export(make_session(videos={}), "nwb", tmp_path / "out"))
    assert any("'cam 2' has no video" in warning for warning in report.warnings)
    file = opened(tmp_path / "out" / NAME)
    assert "PoseTraining" not in file.processing["behavior"].containers
    assert len(poses(file).pose_estimations) == 2
    assert pynwb.validate(path=str(tmp_path / "out" / NAME)) == []


def test_without_3d_and_edges(make_session, run, tmp_path, opened):
    session = make_session(poses=None, skeleton=Skeleton(("nose", "ear_L", "tail base", "paw")))
    report = run(export(session, "nwb", tmp_path / "out"))
    assert report.points == 0
    assert any("not triangulated" in warning for warning in report.warnings)
    file = opened(tmp_path / "out" / NAME)
    assert not poses(file).pose_estimation_series
    assert file.processing["behavior"]["Skeletons"]["skeleton"].edges.shape == (0, 2)


def test_fisheye_and_no_lens_are_said(make_session, run, tmp_path, opened):
    first, second = make_session().rig
    rig = Rig((
        replace(first, distortion=np.zeros(4), fisheye=True),
        Camera("cam 2", second.size, second.matrix, []),
    ))  # fmt: skip
    run(export(make_session(rig=rig, unit="µm"), "nwb", tmp_path / "out"))
    file = opened(tmp_path / "out" / NAME)
    assert "OpenCV's fisheye model" in file.devices["Cam é 1"].description
    assert file.devices["cam 2"].distortion_coefficients is None
    assert poses(file).pose_estimation_series["nose"].unit == "micrometers"


def test_names_that_nwb_forbids_or_needs_itself(make_session, run, tmp_path, opened):
    points = ("a/b", "a:b", "skeleton", "cam 2")
    run(export(make_session(skeleton=Skeleton(points)), "nwb", tmp_path / "out"))
    group = poses(opened(tmp_path / "out" / NAME))
    assert list(group.skeleton.nodes[:]) == ["a-b", "a-b-2", "skeleton-2", "cam 2"]
    assert sorted(group.pose_estimations) == ["Cam é 1", "cam 2-2"]
    assert pynwb.validate(path=str(tmp_path / "out" / NAME)) == []
    assert nwb_names([" x ", "X", ""]) == ["x", "X-2", "-"]


def test_no_frame_rate_is_one_sentence(make_session, run, tmp_path):
    with pytest.raises(ExportError, match=r"no frame rate.*fps = 30\.0 to its project\.toml"):
        run(export(make_session(fps=None), "nwb", tmp_path / "out"))


def test_nobody_and_no_file_tells_the_start(make_session, run, tmp_path):
    with pytest.raises(ExportError, match="--session-start"):
        run(export(make_session(started=None), "nwb", tmp_path / "out"))
    assert not list(tmp_path.iterdir())


def test_the_files_time_is_taken_and_said(make_session, run, tmp_path, opened):
    session, when = make_session(started=None), datetime(2024, 2, 29, 12, tzinfo=UTC)
    for later, path in enumerate(session.videos.values()):
        path.write_bytes(b"no video, but a file")
        os.utime(path, (when.timestamp() + later,) * 2)
    report = run(export(session, "nwb", tmp_path / "out"))
    assert any("time of the file trial0.mp4" in warning for warning in report.warnings)
    file = opened(tmp_path / "out" / NAME)
    assert file.session_start_time == when
    assert "Nobody said when the recording began" in file.notes
