"""Pictures, image folders, fingerprints, stored indices and real recordings."""

import random
import shutil
import threading

import av
import cv2
import numpy as np
import pytest

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video import PacketIndex, fingerprint, open_video, probe
from napari_behaviorvlm.io.video.images import natural_key


def _coloured(path, *, full_range=False, rotation=0):
    """Left half red, right half a grey ramp with black and white ends."""
    image = np.zeros((64, 128, 3), np.uint8)
    image[:, :64, 0] = 255
    image[:, 64:96] = 255
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1"})
        stream.width, stream.height = 128, 64
        stream.pix_fmt = "yuvj444p" if full_range else "yuv444p"
        if rotation:
            stream.set_display_rotation(rotation)
        for pts in range(4):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = pts
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize("full_range", [False, True])
def test_grey_is_stored_luma_and_colour_is_full_range_rgb(tmp_path, full_range):
    with open_video(_coloured(tmp_path / "c.mp4", full_range=full_range)) as reader:
        assert reader.is_color
        assert reader.luma_range == ((0, 255) if full_range else (16, 235))
        grey, rgb = reader.read(1), reader.read(1, color=True)
    assert grey.shape == (64, 128)
    assert grey.dtype == np.uint8
    assert rgb.shape == (64, 128, 3)
    black, white = reader.luma_range
    np.testing.assert_allclose(grey[20:40, 70:90], white, atol=2)
    np.testing.assert_allclose(grey[20:40, 104:120], black, atol=2)
    np.testing.assert_allclose(rgb[20:40, 70:90], 255, atol=3)
    np.testing.assert_allclose(rgb[20:40, 104:120], 0, atol=3)
    np.testing.assert_allclose(rgb[30, 30], [255, 0, 0], atol=6)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_that_the_file_asks_for_is_done_as_cv2_does_it(tmp_path, rotation):
    path = _coloured(tmp_path / "r.mp4", rotation=rotation)
    capture = cv2.VideoCapture(str(path))
    expected = cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB)
    capture.release()
    with open_video(path) as reader:
        assert reader.size == expected.shape[1::-1]
        np.testing.assert_allclose(
            reader.read(0, color=True).astype(int), expected.astype(int), atol=8
        )
        assert reader.read(0).shape == expected.shape[:2]


def test_ten_bits_and_grey_recordings(torture_set):
    info = probe(torture_set["ten_bit"])
    assert info.dtype == np.uint16
    assert info.luma_range[1] in (940, 1023)
    assert not info.is_color
    with open_video(torture_set["ten_bit"]) as reader:
        assert 700 < reader.read(5).max() < 1024
        assert reader.read(5, color=True).dtype == np.uint8
    assert probe(torture_set["ffv1"]).luma_range == (0, 255)
    assert probe(torture_set["mjpeg_avi"]).luma_range == (0, 255)


def test_pictures_are_the_callers_own(torture_set):
    with open_video(torture_set["all_intra"]) as reader:
        first = reader.read(3)
        kept = first.copy()
        first[:] = 0
        np.testing.assert_array_equal(reader.read(3), kept)


def test_stored_index_gives_the_same_reader(torture, torture_set):
    for name in ("mpeg4_packed", "edit_two", "variable_rate"):
        path = torture_set[name]
        with open_video(path) as reader:
            stored = PacketIndex.from_bytes(reader.index.to_bytes())
            times = reader.times
        with open_video(path, index=stored) as again:
            assert again.index is stored
            np.testing.assert_array_equal(again.times, times)
            truth = torture.true_numbers(path)
            assert [torture.number_in(again.read(f)) for f in (60, 3)] == [truth[60], truth[3]]
    with pytest.raises(VideoError, match="damaged"):
        PacketIndex.from_bytes(b"PK\x03\x04 no")


def test_one_reader_in_many_threads(torture, torture_set):
    wrong = []

    def work(seed, reader):
        rng = random.Random(seed)
        for _ in range(25):
            frame = rng.randrange(reader.n_frames)
            if torture.number_in(reader.read(frame)) != frame:
                wrong.append(frame)

    with open_video(torture_set["open_gop"]) as reader:
        threads = [threading.Thread(target=work, args=(i, reader)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_natural_order():
    names = ["img10", "img9", "img1", "img010", "a2b10", "a2b9", "img"]
    assert sorted(names, key=natural_key) == [
        "a2b9", "a2b10", "img", "img1", "img9", "img010", "img10",
    ]  # fmt: skip


@pytest.mark.parametrize(("suffix", "dtype"), [("png", "u1"), ("png", "u2"), ("tif", "u2")])
def test_image_folder_keeps_every_bit(tmp_path, suffix, dtype):
    folder = tmp_path / "Ansicht 1 é"
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = rng.integers(0, np.iinfo(dtype).max, (12, 20, 30)).astype(dtype)
    for number, image in enumerate(images):
        data = cv2.imencode(f".{suffix}", image)[1].tobytes()
        (folder / f"f{number}.{suffix}").write_bytes(data)
    (folder / "._f0.png").write_bytes(b"junk of another system")
    (folder / "notes.txt").write_text("not an image")
    with open_video(folder) as reader:
        info = reader.info
        assert (reader.n_frames, reader.size, reader.fps) == (12, (30, 20), None)
        assert info.dtype == np.dtype(dtype)
        assert not info.is_color
        assert reader.times is None
        for frame in (11, 2, 10, 0):
            np.testing.assert_array_equal(reader.read(frame), images[frame])
        assert len(list(reader.iter(3, 7))) == 4
        colour = reader.read(4, color=True)
        assert (colour.shape, colour.dtype) == ((20, 30, 3), np.uint8)
        with pytest.raises(VideoError, match="no frame 12"):
            reader.read(12)


def test_colour_images_are_rgb(tmp_path):
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 2] = 200  # red in OpenCV's order
    cv2.imwrite(str(tmp_path / "a.png"), image)
    with open_video(tmp_path) as reader:
        assert reader.is_color
        assert reader.read(0, color=True)[4, 4].tolist() == [200, 0, 0]
        assert reader.read(0)[4, 4] == 60


def test_bad_image_folders(tmp_path):
    with pytest.raises(VideoError, match="no images"):
        open_video(tmp_path)
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8), np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.zeros((8, 9), np.uint8))
    (tmp_path / "3.png").write_bytes(b"\x89PNG broken")
    (tmp_path / "4.png").touch()
    with open_video(tmp_path) as reader:
        with pytest.raises(VideoError, match=r"2\.png is 9x8, grey, uint8, but the first"):
            reader.read(1)
        for frame in (2, 3):
            with pytest.raises(VideoError, match=rf"{frame + 1}\.png is empty, damaged"):
                reader.read(frame)
    cv2.imwrite(str(tmp_path / "5.jpg"), np.zeros((8, 8), np.uint8))
    with pytest.raises(VideoError, match="mixes jpeg and png"):
        open_video(tmp_path)


def test_fingerprint_follows_content(tmp_path, torture_set):
    source = torture_set["constant_mp4"]
    moved = tmp_path / "other name.mp4"
    shutil.copyfile(source, moved)
    assert fingerprint(moved) == fingerprint(source)
    data = bytearray(source.read_bytes())
    data[-1] ^= 1
    moved.write_bytes(bytes(data))
    assert fingerprint(moved) != fingerprint(source)
    big = tmp_path / "big"
    big.write_bytes(bytes(3 << 20))
    before = fingerprint(big)
    big.write_bytes(bytes((3 << 20) + 1))
    assert fingerprint(big) != before
    with pytest.raises(VideoError, match="cannot be read"):
        fingerprint(tmp_path / "none.mp4")
    folder = tmp_path / "images"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), np.zeros((8, 8), np.uint8))
    before = fingerprint(folder)
    cv2.imwrite(str(folder / "2.png"), np.zeros((8, 8), np.uint8))
    assert fingerprint(folder) != before


@pytest.mark.parametrize(
    ("folder", "count", "size"),
    [
        ("mouse_cylinder_5cam", 2758, (1328, 1048)),
        ("sleap_min_session_8cam", 4, (1280, 1024)),
    ],
)
def test_real_recordings(recordings, folder, count, size):
    paths = sorted((recordings / folder).glob("*.mp4"))
    assert len(paths) in (5, 8)
    for path in paths:
        info = probe(path)
        assert (info.n_frames, info.size, info.luma_range) == (count, size, (16, 235))
        assert info.fps == pytest.approx(120 if count > 4 else 30, rel=1e-3)
    path = paths[-1]
    wanted = {f for f in (0, 1, 3, 150, 249, 250, 251, 333) if f < count}
    truth = {}
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                truth[number] = frame.to_ndarray()[: size[1]]
            if number > max(wanted):
                break
    with open_video(path) as reader:
        for frame in sorted(wanted, key=lambda f: f * 7 % 11):
            np.testing.assert_array_equal(reader.read(frame), truth[frame])
