"""Several views together: cache, prefetch, unequal lengths, shutdown."""

import threading
import time

import numpy as np
import pytest

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video import FrameReader, MultiViewReader, VideoInfo, open_video

CAMERAS = ("constant_mp4", "h264_avi", "open_gop", "all_intra")


class CountingReader(FrameReader):
    """Gives pictures that hold their number, and notes what was asked for."""

    def __init__(self, path, n_frames=200, damaged=()):
        self.info = VideoInfo(
            path, n_frames, (64, 48), 30.0, np.dtype(np.uint8), False, (16, 235), "none"
        )
        self.damaged = set(damaged)
        self.asked = []
        self.closed = 0
        self.lock = threading.Lock()

    def _read_run(self, first, last, color, give_up):
        with self.lock:
            self.asked.append((first, last))
            if last in self.damaged:
                raise VideoError(f"Frame {last} of {self.path} is damaged")
            return {
                f: np.full((48, 64), f, np.uint8)
                for f in range(first, last + 1)
                if f not in self.damaged
            }

    def close(self):
        self.closed += 1


@pytest.fixture
def fakes(tmp_path):
    return {name: CountingReader(tmp_path / name) for name in ("cam0", "cam1", "cam2")}


def _settle(views):
    deadline = time.monotonic() + 10
    while any(not f.done() for f in views._prefetching.values()):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _video_threads():
    return [t for t in threading.enumerate() if t.name.startswith("video")]


def test_views_show_the_same_frame_on_any_walk(torture, torture_set):
    paths = {name: torture_set[name] for name in CAMERAS}
    with MultiViewReader.open(paths, cache_frames=16) as views:
        assert views.names == CAMERAS
        assert views.n_common == 120
        views.check_equal_lengths()
        rng = np.random.default_rng(2)
        frame = 60
        for step in rng.choice([1, 1, 1, -1, -1, -1, 10, -10, 50, -50], 120):
            frame = int((frame + step) % 120)
            found = views.read(frame)
            assert list(found) == list(CAMERAS)
            assert {torture.number_in(image) for image in found.values()} == {frame}
    assert _video_threads() == []


def test_holding_a_key_in_both_directions(torture, torture_set):
    with MultiViewReader.open({"a": torture_set["long_gop"]}, cache_frames=20) as views:
        for frame in [*range(100, 160), *range(159, 40, -1)]:
            assert torture.number_in(views.read(frame)["a"]) == frame


def test_colour_and_batch_use(torture, torture_set):
    paths = {name: torture_set[name] for name in CAMERAS[:2]}
    with MultiViewReader.open(paths, color=True, prefetch=0) as views:
        numbers = [torture.number_in(v["h264_avi"]) for v in views.iter(55, 70)]
        assert numbers == list(range(55, 70))
        assert views.read(3)["constant_mp4"].shape == (176, 320, 3)


def test_pictures_of_the_cache_are_read_only_and_shared(fakes):
    with MultiViewReader(fakes, prefetch=0) as views:
        first = views.read(5)["cam0"]
        with pytest.raises(ValueError, match="read-only"):
            first[0, 0] = 1
        assert views.read(5)["cam0"] is first


def test_frames_ahead_are_ready_in_the_direction_of_travel(fakes):
    with MultiViewReader(fakes, prefetch=4) as views:
        views.read(50)
        views.read(51)
        _settle(views)
        asked = {name: len(reader.asked) for name, reader in fakes.items()}
        views.read(52)
        _settle(views)
        # The step itself was in the cache; one more frame was fetched behind the scenes.
        assert {n: len(r.asked) for n, r in fakes.items()} == {n: c + 1 for n, c in asked.items()}
        assert all(reader.asked[-1] == (56, 56) for reader in fakes.values())
        for frame in range(51, 20, -1):
            views.read(frame)
        _settle(views)
        assert views._windows["cam1"].get(18) is not None


def test_no_prefetch_reads_only_what_is_asked_for(fakes):
    with MultiViewReader(fakes, prefetch=0) as views:
        for frame in (3, 4, 5, 4, 3):
            views.read(frame)
    assert fakes["cam0"].asked == [(3, 3), (4, 4), (5, 5)]


def test_cache_is_bounded_by_frames_and_by_bytes(fakes):
    per_frame = 3 * 64 * 48
    for options, limit in (
        ({"cache_frames": 10}, 10),
        ({"cache_bytes": 7 * per_frame + 5}, 7),
        ({"cache_bytes": 1}, 2),
    ):
        readers = {n: CountingReader(r.path) for n, r in fakes.items()}
        with MultiViewReader(readers, prefetch=4, **options) as views:
            for frame in [*range(40), *range(40, 10, -1)]:
                assert views.read(frame)["cam2"][0, 0] == frame
                assert all(len(w) <= limit for w in views._windows.values())


def test_unequal_lengths_are_the_callers_choice(tmp_path):
    readers = {
        "long": CountingReader(tmp_path / "long", 100),
        "short": CountingReader(tmp_path / "short", 90),
    }
    with MultiViewReader(readers) as views:
        assert views.n_frames == {"long": 100, "short": 90}
        assert views.n_common == 90
        assert len(views.read(89)) == 2
        with pytest.raises(VideoError, match=r"View 'short': .* no frame 95"):
            views.read(95)
        assert list(views.read(95, missing="skip")) == ["long"]
        with pytest.raises(VideoError, match="long has 100, short has 90"):
            views.check_equal_lengths()
        assert len(list(views.iter(85))) == 5


def test_a_damaged_frame_names_its_view_and_leaves_the_others_readable(tmp_path):
    readers = {
        "a": CountingReader(tmp_path / "a"),
        "b": CountingReader(tmp_path / "b", damaged={12}),
    }
    with MultiViewReader(readers) as views:
        views.read(10)
        views.read(11)
        with pytest.raises(VideoError, match="View 'b': Frame 12"):
            views.read(12)
        assert list(views.read(12, missing="skip")) == ["a"]
        assert len(views.read(13)) == 2
        assert len(views.read(11)) == 2
        _settle(views)


def test_closing_in_the_middle_of_prefetching_leaves_no_thread(torture_set):
    before = set(threading.enumerate())
    for _ in range(3):
        views = MultiViewReader.open({n: torture_set[n] for n in CAMERAS})
        views.read(40)
        views.read(39)
        views.close()
        views.close()
        with pytest.raises(VideoError, match="were closed"):
            views.read(1)
    assert set(threading.enumerate()) <= before


def test_one_bad_view_closes_the_others(tmp_path, torture_set):
    with pytest.raises(VideoError, match="does not exist"):
        MultiViewReader.open({"a": torture_set["constant_mp4"], "b": tmp_path / "none.mp4"})
    with pytest.raises(VideoError, match="at least one view"):
        MultiViewReader({})


def test_readers_are_closed_with_it(fakes):
    with MultiViewReader(fakes):
        pass
    assert [reader.closed for reader in fakes.values()] == [1, 1, 1]


def test_reading_from_several_threads(torture, torture_set):
    wrong = []

    def work(views, start):
        for frame in range(start, start + 30):
            found = views.read(frame)
            wrong.extend(f for f in found.values() if torture.number_in(f) != frame)

    with MultiViewReader.open({n: torture_set[n] for n in CAMERAS[:2]}) as views:
        threads = [threading.Thread(target=work, args=(views, s)) for s in (0, 45, 80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_an_image_folder_and_a_video_together(tmp_path, torture, torture_set):
    import cv2

    for frame in range(5):
        cv2.imwrite(str(tmp_path / f"{frame}.png"), torture.picture(frame))
    readers = {"v": open_video(torture_set["vp9"]), "f": open_video(tmp_path)}
    with MultiViewReader(readers) as views:
        for frame in (0, 4, 2):
            assert {torture.number_in(i) for i in views.read(frame).values()} == {frame}
