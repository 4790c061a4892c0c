"""When a video was recorded, as far as its file tells."""

from datetime import UTC, datetime

import av
import numpy as np
import pytest

from napari_behaviorvlm.io.video import origin_of


def film(path, created="", sound=False):
    with av.open(str(path), "w") as file:
        if created:
            file.metadata["creation_time"] = created
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        voice = file.add_stream("aac", rate=48000) if sound else None
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if voice is not None:
            noise = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            noise.sample_rate = 48000
            file.mux(voice.encode(noise))
            file.mux(voice.encode())
    return path


def test_the_file_says_when_it_was_recorded(tmp_path):
    found = origin_of(film(tmp_path / "a.mp4", "2024-05-06T07:08:09.000000Z", sound=True))
    assert found.began == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert found.stated
    assert found.sound


@pytest.mark.parametrize("created", ["", "1904-01-01T00:00:00.000000Z"])
def test_else_it_is_when_the_file_was_written(tmp_path, created):
    path = film(tmp_path / "a.mp4", created)
    found = origin_of(path)
    assert found.began.timestamp() == pytest.approx(path.stat().st_mtime)
    assert not found.stated
    assert not found.sound
    (tmp_path / "images").mkdir()
    assert origin_of(tmp_path / "images").began.tzinfo is not None
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    assert not origin_of(tmp_path / "broken.mp4").stated
    assert origin_of(tmp_path / "gone.mp4") is None
