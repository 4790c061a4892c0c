"""Every file that cannot be read ends in one clear sentence."""

import os
import shutil
import wave

import av
import numpy as np
import pytest

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video import open_video, probe


def _refused(path, words):
    with pytest.raises(VideoError, match=words) as caught:
        open_video(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_missing_file(tmp_path):
    _refused(tmp_path / "none.mp4", "does not exist")


def test_empty_file(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    _refused(path, "is empty")


def test_text_named_as_video(tmp_path):
    for name in ("notes.mp4", "notes.avi", "notes.txt"):
        path = tmp_path / name
        path.write_text("frame,camera,x,y\n" * 200)
        _refused(path, "not a video")


def test_random_bytes(tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(50_000))
    _refused(path, "not a video")


def test_playlist_is_no_video(tmp_path, torture_set):
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{torture_set['mpegts']}\n")
    _refused(path, "not a video")


def test_sound_only(tmp_path):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"\0\0" * 8000)
    _refused(path, "no pictures: it holds sound")


def test_single_image(tmp_path):
    _refused(tmp_path / "img0001.png", "single image")


def test_mp4_without_its_table_of_contents(tmp_path, torture_set):
    path = tmp_path / "cut.mp4"
    data = torture_set["constant_mp4"].read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "moov" in _refused(path, "is incomplete")


def test_mp4_whose_end_is_missing_says_how_much_is_there(tmp_path, torture):
    whole = torture.encode(
        tmp_path / "whole.mp4", "libx264", container_options={"movflags": "faststart"}
    )
    path = tmp_path / "cut.mp4"
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    text = _refused(path, "breaks off after [0-9]+ frames")
    assert 20 < int(text.split("after ")[1].split()[0]) < torture.N_FRAMES


@pytest.mark.parametrize("name", ["h264_avi", "constant_mkv", "mjpeg_avi"])
def test_other_containers_whose_end_is_missing(tmp_path, torture_set, name):
    source = torture_set[name]
    path = tmp_path / f"cut{source.suffix}"
    data = source.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    _refused(path, "breaks off after [0-9]+ frames")


def test_live_recording_without_an_end_is_read_as_far_as_it_goes(tmp_path, torture):
    """Matroska and MPEG-TS are made for this: they declare no length."""
    whole = torture.encode(
        tmp_path / "w.mkv", "libx264", torture.B_FRAMES, container_options={"live": "1"}
    )
    path = tmp_path / "cut.mkv"
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    truth = torture.true_numbers(path)
    with open_video(path) as reader:
        assert abs(reader.n_frames - len(truth)) <= 1
        assert [torture.number_in(reader.read(f)) for f in (0, 40, 7)] == [0, 40, 7]


def test_video_without_pictures(tmp_path):
    path = tmp_path / "none.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        out.start_encoding()
    with pytest.raises(VideoError, match=r"no frames|not a video"):
        open_video(path)


def test_frames_out_of_range(torture_set):
    with open_video(torture_set["constant_mp4"]) as reader:
        for frame in (-1, 120, 10**9):
            with pytest.raises(VideoError, match=rf"no frame {frame}: it has 120 frames"):
                reader.read(frame)


def test_closed_reader(torture_set):
    reader = open_video(torture_set["constant_mp4"])
    reader.close()
    reader.close()
    with pytest.raises(VideoError, match="was closed"):
        reader.read(0)


def test_damage_in_the_middle_keeps_the_numbers_of_all_other_frames(tmp_path, torture_set, torture):
    source = torture_set["all_intra"]
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for frame in (40, 41, 77):
        at, size = places[frame]
        data[at : at + size] = b"\xff" * size
    path = tmp_path / "damaged.mp4"
    path.write_bytes(bytes(data))
    with open_video(path) as reader:
        assert reader.n_frames == 120
        for frame in (77, 41, 40):
            with pytest.raises(VideoError, match=f"Frame {frame} of .* is damaged"):
                reader.read(frame)
        for frame in (0, 39, 42, 43, 76, 78, 119, 42):
            assert torture.number_in(reader.read(frame)) == frame
        assert sorted(reader.read_run(38, 43)) == [38, 39, 42, 43]


def test_damaged_group_does_not_shift_the_others(tmp_path, torture_set, torture):
    source = torture_set["h264_avi"]
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [(p.pos, p.size, p.is_keyframe) for p in container.demux(video=0) if p.size]
    keys = [i for i, (_, _, key) in enumerate(packets) if key]
    at, size, _ = packets[keys[1] + 2]
    rng = np.random.default_rng(1)
    data[at + 40 : at + size] = rng.bytes(size - 40)
    path = tmp_path / "damaged.avi"
    path.write_bytes(bytes(data))
    with open_video(path) as reader:
        assert reader.n_frames == 120
        for frame in (keys[2], keys[2] + 5, 119, 3, keys[1] - 5):
            assert torture.number_in(reader.read(frame)) == frame


def test_awkward_names_and_read_only_files(tmp_path, torture_set, torture):
    for name in ("kamera ü 猫.mp4", "100%03d #1?.mp4", "a:b 'c'.mp4", "-i.mp4"):
        path = tmp_path / name
        shutil.copyfile(torture_set["constant_mp4"], path)
        path.chmod(0o444)
        with open_video(path) as reader:
            assert reader.name == name
            assert torture.number_in(reader.read(64)) == 64
        assert probe(path).n_frames == 120


def test_relative_paths(tmp_path, torture_set, torture, monkeypatch):
    shutil.copyfile(torture_set["constant_mp4"], tmp_path / "a.mp4")
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with open_video(Path("a.mp4")) as reader:
        assert torture.number_in(reader.read(9)) == 9


def test_file_replaced_while_open_is_noticed(tmp_path, torture_set):
    """What was opened stays readable; a stored index of the old file is not used for the new."""
    from napari_behaviorvlm.io.video import PacketIndex

    path = tmp_path / "a.mp4"
    shutil.copyfile(torture_set["constant_mp4"], path)
    with open_video(path) as reader:
        stored = PacketIndex.from_bytes(reader.index.to_bytes())
    assert stored.belongs_to(path)
    shutil.copyfile(torture_set["edit_cut"], path)
    os.utime(path, ns=(1, 1))
    assert not stored.belongs_to(path)
    with open_video(path, index=stored) as reader:
        assert reader.n_frames == 100
