"""Pictures are decoded one by one, and what is missing is dark instead of an error."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tests.unit.gui.pair_session import pair_project
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.gui.views.frames import (
    FLUORESCENCE_COLOUR,
    Channel,
    FrameStack,
    PictureSource,
    blend,
    stretch,
)
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig

SIZE = (64, 48)


def folder_of(path, pictures):
    path.mkdir(parents=True)
    for at, picture in enumerate(pictures):
        cv2.imwrite(str(path / f"{at:03d}.png"), picture)
    return path.name


def recording(tmp_path, views, n_frames=4):
    """A project's stand-in whose views are folders of images."""
    rig = small_rig()
    configs = {}
    for name in rig.names:
        given = {
            channel: folder_of(tmp_path / f"{name}_{channel}", pictures)
            for channel, pictures in views.get(name, {}).items()
        }
        configs[name] = ViewConfig(**given, size=SIZE)
    config = ProjectConfig(name="made", n_frames=n_frames, views=configs)
    return opened(rig, config, tmp_path)


def opened(rig, config, folder):
    """What pictures need of a project that is open for reading."""
    return SimpleNamespace(
        rig=rig, config=config, folder=folder, derived=folder / "derived", writable=False
    )


def grey(level, dtype=np.uint8):
    return np.full(SIZE[::-1], level, dtype)


@pytest.fixture
def names():
    return small_rig().names


def test_frames_are_those_of_the_video(tmp_path, names):
    project = recording(tmp_path, {names[0]: {"video": [grey(10 * at) for at in range(4)]}})
    source = PictureSource(project)
    stack = FrameStack(source, names[0], Channel.REFLECTANCE)
    assert (stack.shape, stack.ndim, stack.dtype) == ((4, 48, 64), 3, np.uint8)
    assert [int(stack[at].mean()) for at in (3, 0, 2)] == [30, 0, 20]
    part = stack[(2, slice(0, 5), slice(1, 9))]
    assert part.shape == (5, 8)
    assert stack[(slice(1, 2), slice(None), slice(None))].mean() == 10
    source.close()


def test_more_than_a_frame_at_once_is_never_decoded(tmp_path, names):
    project = recording(tmp_path, {names[0]: {"video": [grey(9)] * 2}}, n_frames=100_000)
    source = PictureSource(project)
    stack = FrameStack(source, names[0], Channel.REFLECTANCE)
    source.picture = None  # would fail if it were asked
    assert stack[:, :, 3].shape == (100_000, 48)
    assert not stack[5:90_000].any()
    source.close()


def test_a_view_without_video_or_frame_is_dark_and_says_so(tmp_path, names):
    project = recording(tmp_path, {names[0]: {"video": [grey(200)] * 2}})
    source = PictureSource(project)
    for name, frame in ((names[0], 3), (names[1], 0)):
        picture = source.picture(name, Channel.REFLECTANCE, frame)
        assert picture.shape == SIZE[::-1]
        assert np.median(picture) < 40
        assert picture.max() > np.median(picture) + 20  # there is something written
    assert source.picture(names[0], Channel.REFLECTANCE, 1).mean() == 200
    assert not source.problems
    source.close()


def test_a_missing_file_is_told_in_a_sentence(tmp_path, names):
    project = recording(tmp_path, {})
    view = ViewConfig(video="gone.mp4", size=SIZE)
    config = project.config.model_copy(update={"views": {**project.config.views, names[2]: view}})
    source = PictureSource(opened(project.rig, config, tmp_path))
    assert "gone.mp4" in source.problems[names[2]]
    assert source.picture(names[2], Channel.REFLECTANCE, 0).shape == SIZE[::-1]
    source.close()


def test_a_project_of_candidates_only_shows_canvases_of_the_calibrated_size(tmp_path):
    with pair_project(tmp_path / "pair") as project:
        source = PictureSource(project)
        stack = FrameStack(source, project.rig.names[0], Channel.REFLECTANCE)
        assert stack.shape == (60, 480, 640)
        assert stack[59].shape == (480, 640)
        assert source.channels == (Channel.REFLECTANCE,)
        source.close()


def test_sixteen_bits_become_the_eight_that_are_used(tmp_path, names):
    levels = [grey(0, np.uint16), grey(4095, np.uint16)]
    levels[0][:24] = 2048
    project = recording(tmp_path, {names[0]: {"video": levels}})
    source = PictureSource(project)
    first, second = (source.picture(names[0], Channel.REFLECTANCE, at) for at in (0, 1))
    assert first.dtype == np.uint8
    assert set(np.unique(first)) == {0, 128}
    assert second.mean() == 255
    source.close()


def test_colour_stays_colour(tmp_path, names):
    picture = np.zeros((*SIZE[::-1], 3), np.uint8)
    picture[..., 2] = 200  # cv2 writes BGR: red
    project = recording(tmp_path, {
        names[0]: {"video": [picture] * 4}, names[1]: {"video": [grey(50)] * 4},
    })  # fmt: skip
    source = PictureSource(project)
    stack = FrameStack(source, names[0], Channel.REFLECTANCE)
    assert stack.shape == (4, 48, 64, 3)
    np.testing.assert_array_equal(stack[1][0, 0], [200, 0, 0])
    stack.tone = (0.0, 510.0)
    np.testing.assert_array_equal(stack[1][0, 0], [100, 0, 0])
    assert FrameStack(source, names[1], Channel.REFLECTANCE).shape == (4, 48, 64)
    source.close()


def test_blending_shows_dots_on_white_and_on_black():
    below = np.zeros((10, 10), np.uint8)
    below[:, 5:] = 255
    above = np.zeros((10, 10), np.uint8)
    above[2:4] = 255
    mixed = blend(below, above)
    np.testing.assert_array_equal(mixed[2, 0], FLUORESCENCE_COLOUR)
    np.testing.assert_array_equal(mixed[2, 9], FLUORESCENCE_COLOUR)
    np.testing.assert_array_equal(mixed[9, 0], (0, 0, 0))
    np.testing.assert_array_equal(mixed[9, 9], (255, 255, 255))


def test_channels_are_those_there_are(tmp_path, names):
    both = {name: {"video": [grey(99)] * 4, "fluorescence": [grey(0)] * 4} for name in names}
    source = PictureSource(recording(tmp_path, both))
    assert source.channels == (Channel.REFLECTANCE, Channel.FLUORESCENCE, Channel.BLEND)
    assert source.picture(names[0], Channel.FLUORESCENCE, 0).max() == 0
    mixed = source.picture(names[0], Channel.BLEND, 0)
    assert mixed.shape == (48, 64, 3)
    assert (mixed == 99).all()
    source.close()


def test_stretching_spreads_between_black_and_white():
    levels = np.array([[0, 16, 125, 235, 255]], np.uint8)
    np.testing.assert_array_equal(stretch(levels, 16, 235), [[0, 0, 126, 255, 255]])
    assert stretch(levels, 0, 255) is levels
