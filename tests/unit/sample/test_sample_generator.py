"""The generator draws what its truth says, the same each time."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="The sample generator needs numba.")

from sample_data.generator.__main__ import generate
from sample_data.generator.cameras import make_rig, pixel_rays, project
from sample_data.generator.dots import KEYPOINTS, glow
from sample_data.generator.field import distance
from sample_data.generator.fluorescence import splat
from sample_data.generator.motion import make_motion
from sample_data.generator.session import Session
from sample_data.generator.settings import Settings
from sample_data.generator.video import GreyVideoWriter, read_video

TINY = Settings(first_frame=56, frames=2, size=128)


@pytest.fixture(scope="module")
def tiny():
    return Session(TINY)


def test_equal_settings_give_equal_files(tmp_path):
    for name, threads in (("one", 1), ("two", 2)):
        generate(tmp_path / name, TINY, threads)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 12 + 4
    for name in names:
        if name != "truth.npz":  # a zip file holds the time of writing
            one, two = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
            assert one == two, name
    one, two = (np.load(tmp_path / run / "truth.npz") for run in ("one", "two"))
    assert all(np.array_equal(one[key], two[key]) for key in one.files)


def test_another_seed_gives_other_cameras():
    assert not np.allclose(make_rig(TINY)["cam0"].matrix, make_rig(Settings(seed=1))["cam0"].matrix)


def test_rays_invert_the_camera_model():
    for camera in make_rig(TINY):
        points = np.array(camera.center) + 250.0 * pixel_rays(camera, margin=0)
        column, row = np.meshgrid(np.arange(128), np.arange(128))
        assert np.allclose(project(camera, points), np.stack([column, row], axis=-1), atol=1e-8)


def test_size_scales_pixel_centres_about_the_corner():
    small, large = make_rig(TINY)["cam2"], make_rig(Settings())["cam2"]
    point = np.array([[20.0, -31.0, 12.0]])
    assert np.allclose(project(large, point), 8 * (project(small, point) + 0.5) - 0.5)


@pytest.mark.parametrize("frame", [20, 70, 140, 180, 230])
def test_dots_sit_on_the_skin(tiny, frame):
    field = tiny.field(frame)
    truth, normals = tiny.truth(frame, field)
    for keypoint, point, normal in zip(KEYPOINTS, truth.points, normals, strict=True):
        depth = -distance(field, *point)
        # A lifted paw may press into the fur of the chest.
        assert -0.5 < depth < (3.0 if "paw" in keypoint else 0.6), keypoint
        if "paw" not in keypoint:
            assert distance(field, *(point + 1.5 * normal)) > 0.5, keypoint


def test_open_dots_are_drawn_at_their_projection():
    session = Session(Settings(size=1024))
    squares = []
    for frame in (30, 140, 225):
        field = session.field(frame)
        truth, normals = session.truth(frame, field)
        for number, camera in enumerate(session.rig):
            light = glow(camera, field, truth.points, normals)
            for dot in range(len(KEYPOINTS)):
                strength = light.strength[dot]
                if strength.min() < 0.9 * strength.max() or strength.max() == 0:
                    continue
                image = np.zeros((1024, 1024))
                splat(image, light.pixels[dot], strength, 2.1)
                row, column = image.nonzero()
                centroid = np.average([column, row], axis=1, weights=image[row, column])
                squares.append(((centroid - truth.projections[number, dot]) ** 2).sum())
    assert len(squares) > 30
    assert np.sqrt(np.mean(squares)) < 0.1


def test_mirror_images_lie_at_the_mirrored_point(tiny):
    frame = 30
    field = tiny.field(frame)
    truth, normals = tiny.truth(frame, field)
    camera = tiny.rig["cam4"]
    mirror = glow(camera, field, truth.points, normals, mirrored=True)
    expected = project(camera, truth.points * [1, 1, -1])
    assert np.allclose(mirror.pixels.mean(axis=1), expected, atol=0.05)
    assert mirror.strength.max() > 0


def test_standing_feet_do_not_slide():
    motion = make_motion(28.6)
    for name, foot in motion.feet.items():
        low = foot[:116, 2] < 1e-9
        standing = low[1:] & low[:-1]
        speed = np.linalg.norm(np.diff(foot[:116, :2], axis=0), axis=1)
        assert standing.mean() > 0.4, name
        assert speed[standing].max() < 0.05, name
        assert speed[~standing].max() > 3, name


def test_videos_keep_grey_levels(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 128).round().astype(np.uint8), (128, 1))
    with GreyVideoWriter(tmp_path / "ramp.mp4", (128, 128), TINY.rate, 4.0) as writer:
        for _ in range(3):
            writer.write(ramp)
    frames = list(read_video(tmp_path / "ramp.mp4"))
    assert len(frames) == 3
    assert np.abs(frames[2].astype(int) - ramp).max() <= 4
