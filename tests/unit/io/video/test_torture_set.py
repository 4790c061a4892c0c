"""Frame numbers on files that readers get wrong; truth is a fresh decoder, from start to end."""

import random

import av
import numpy as np
import pytest

from napari_behaviorvlm.io.video import open_video, probe

NAMES = [
    "constant_mp4", "constant_mkv", "variable_rate", "variable_rate_mkv", "h264_avi",
    "h264_avi_pyramid_open", "long_gop", "all_intra", "open_gop", "open_gop_hevc",
    "intra_refresh", "mpegts", "fragmented", "mjpeg_avi", "mpeg4_avi", "raw_h264", "vp9", "ffv1",
    "ten_bit", "start_offset", "start_offset_ts", "edit_cut", "edit_two", "edit_empty_start",
    "mpeg4_packed", "cut_open_gop",
]  # fmt: skip


def test_the_set_is_complete(torture_set):
    assert sorted(torture_set) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_sixty_random_seeks(torture, torture_set, name):
    path = torture_set[name]
    truth = torture.true_numbers(path)
    assert -1 not in truth
    with open_video(path) as reader:
        assert reader.n_frames == len(truth) == len(reader)
        rng = random.Random(name)
        frames = [rng.randrange(len(truth)) for _ in range(60)]
        assert [torture.number_in(reader.read(f)) for f in frames] == [truth[f] for f in frames]


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_those_of_a_fresh_decoder_bit_for_bit(torture_set, name):
    path = torture_set[name]
    with av.open(str(path)) as container:
        truth = [_luma(frame) for frame in container.decode(video=0)]
    rng = random.Random(name + "walk")
    here, walk = 0, []
    for _ in range(45):
        here = (here + rng.choice([1, 1, 1, -1, -1, 2, -3, 10, -17, 41])) % len(truth)
        walk.append(here)
    with open_video(path) as reader:
        for frame in [*walk, 0, len(truth) - 1, 0, len(truth) - 2, len(truth) - 1]:
            np.testing.assert_array_equal(reader.read(frame), truth[frame], err_msg=str(frame))


def _luma(frame):
    array = frame.to_ndarray()
    if array.dtype == np.uint16:
        return array[: frame.height, : frame.width].copy()
    return array[: frame.height, : frame.width].copy()


@pytest.mark.parametrize("name", ["h264_avi", "open_gop", "edit_two", "mpegts", "vp9"])
def test_runs_of_frames_with_decoder_threads(torture, torture_set, name):
    path = torture_set[name]
    truth = torture.true_numbers(path)
    with open_video(path, threads=3) as reader:
        assert [torture.number_in(image) for image in reader.iter()] == truth
        assert [torture.number_in(i) for i in reader.iter(30, 50)] == truth[30:50]
        found = reader.read_run(21, 44)
        assert {f: torture.number_in(i) for f, i in found.items()} == dict(
            enumerate(truth[21:45], 21)
        )


def test_giving_up_half_way_loses_no_frame(torture, torture_set):
    """Frames passed over on the way to an abandoned target are decoded when asked for."""
    with open_video(torture_set["long_gop"]) as reader:
        for asked in (3, 40, 90):
            answers = iter([False] * asked)
            assert reader.read_run(200, 200, give_up=lambda a=answers: next(a, True)) == {}
            for frame in range(max(asked - 8, 0), asked + 8):
                assert torture.number_in(reader.read(frame)) == frame


def test_times_and_rate(torture_set):
    with open_video(torture_set["variable_rate"]) as reader:
        expected = [i * 33 + (i // 7) * 91 + (i % 5) * 6 for i in range(reader.n_frames)]
        np.testing.assert_allclose(reader.times, np.array(expected) / 1e3, atol=1e-9)
        assert reader.fps == pytest.approx((reader.n_frames - 1) / (expected[-1] / 1e3))
    for name in ("constant_mp4", "h264_avi", "start_offset", "edit_cut", "mjpeg_avi"):
        assert probe(torture_set[name]).fps == pytest.approx(30, rel=2e-3), name


def test_only_files_without_usable_times_are_decoded_to_number_their_frames(
    torture_set, monkeypatch
):
    from napari_behaviorvlm.io.video import scan

    decoded = []
    original = scan._index_by_decoding

    def noted(path, *args):
        decoded.append(path)
        return original(path, *args)

    monkeypatch.setattr(scan, "_index_by_decoding", noted)
    for path in torture_set.values():
        scan.build_index(path)
    names = {name for name, path in torture_set.items() if path in decoded}
    assert names == {"mpeg4_avi", "mpeg4_packed", "cut_open_gop"}


def test_frames_are_counted_where_packets_hold_several(torture, torture_set, monkeypatch):
    """No encoder at hand makes such a file; counting is forced on one whose answer is known."""
    from dataclasses import replace

    from napari_behaviorvlm.io.video import VideoFile, scan

    path = torture_set["open_gop"]
    counted = replace(scan.build_index(path), counted=True)
    with VideoFile(path, counted) as reader:
        assert [torture.number_in(reader.read(f)) for f in (50, 51, 49, 0, 119, 3)] == [
            50, 51, 49, 0, 119, 3,
        ]  # fmt: skip
