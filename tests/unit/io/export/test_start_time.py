"""When a recording started."""

from datetime import UTC, datetime, timedelta, timezone

import av
import numpy as np
import pytest

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export.start_time import parse_start, start_time


def video(path, written=None):
    with av.open(str(path), "w") as container:
        if written:
            container.metadata["creation_time"] = written
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 16
        picture = np.zeros((16, 16), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray").reformat(
            format="yuv420p")))  # fmt: skip
        container.mux(stream.encode(None))


def test_what_a_person_said_is_taken(session):
    assert start_time(session).when == session.started
    assert start_time(session).note == ""


def test_the_camera_wrote_it_into_the_file(make_session):
    session = make_session(started=None)
    video(session.videos["Cam é 1"], "2021-03-04T05:06:07.000000Z")
    video(session.videos["cam 2"])
    told = start_time(session)
    assert told.when == datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert "written in trial0.mp4" in told.note
    assert "--session-start" in told.note


def test_a_camera_without_a_clock_is_not_believed(make_session):
    session = make_session(started=None)
    video(session.videos["cam 2"], "1904-01-01T00:00:00.000000Z")
    told = start_time(session)
    assert told.when > datetime.now(UTC) - timedelta(minutes=5)
    assert "the time of the file trial1.mp4" in told.note


def test_images_and_lists_of_images(make_session, tmp_path):
    image = tmp_path / "img0.png"
    image.write_bytes(b"x")
    for source in (tmp_path, (image,)):
        told = start_time(make_session(started=None, videos={"cam 2": source}))
        assert "img0.png" in told.note
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ExportError, match="tells when it was recorded"):
        start_time(make_session(started=None, videos={"cam 2": empty, "Cam é 1": ()}))


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-05-01T14:30Z", datetime(2026, 5, 1, 14, 30, tzinfo=UTC)),
        (" 2026-05-01 14:30:15+02:00 ",
         datetime(2026, 5, 1, 14, 30, 15, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-05-01", datetime(2026, 5, 1).astimezone()),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, when):
    assert parse_start(text) == when
    assert parse_start(text).tzinfo is not None


@pytest.mark.parametrize("text", ["yesterday", "14:30", "2026-13-01"])
def test_what_is_no_date(text):
    with pytest.raises(ExportError, match="write it like 2026-05-01T14:30"):
        parse_start(text)


def test_nothing_is_no_answer():
    assert parse_start(" ") is None
