"""Events of sleap-io, read by sleap-io."""

import h5py
import sleap_io as sio
from hypothesis import given
from tests.unit.io.ethogram.recordings import ethogram, recordings, some, write


def test_events_know_type_animal_video_and_who_said_so(tmp_path):
    path = tmp_path / "e.slp"
    write("sleap", [ethogram(), ethogram("day 2", video=None)], path)
    labels = sio.load_slp(str(path), open_videos=False)
    assert [video.filename for video in labels.videos] == ["/films/day 1.mp4", "day 2"]
    assert tuple(labels.videos[0].shape) == (100, 480, 640, 1)
    assert [track.name for track in labels.tracks] == ["A0", "Ünal / 2", "mouse:3"] * 2
    kinds = {kind.name: kind for kind in labels.event_types}
    assert kinds["rest"].description == "does not move"
    first, second, third, fourth, *gone = labels.get_events(video=labels.videos[0])
    assert (first.type.name, first.start_frame, first.end_frame) == ("rest", 0, 9)
    assert first.subject is labels.tracks[0]
    assert first.metadata == {"description": 'Sits, "still";\nthen not.', "cluster": "3"}
    assert (first.source, round(first.score, 5)) == ("measured", 0.51234)
    assert isinstance(third, sio.UserEvent)
    assert "cluster" not in third.metadata
    assert isinstance(fourth, sio.PredictedEvent)
    assert [(e.type.name, e.subject.name, e.start_frame, e.end_frame) for e in gone] == [
        ("untracked", "A0", 60, 99), ("untracked", "mouse:3", 0, 99)
    ]  # fmt: skip
    assert second.n_frames == 1
    with h5py.File(path) as file:
        assert file["metadata"].attrs["format_id"] >= 2.6


@some(12)
@given(recordings())
def test_every_bout_comes_back(tmp_path, one):
    path = tmp_path / "e.slp"
    write("sleap", [one], path)
    events = sio.load_slp(str(path), open_videos=False).events
    told = [
        (e.subject.name, e.start_frame, e.end_frame, e.type.name,
         e.metadata.get("description", ""), int(e.metadata.get("cluster", -1)), e.source)
        for e in events if e.source != "tracking"
    ]  # fmt: skip
    assert told == [
        (b.animal, b.start_frame, b.end_frame, b.label, b.description, b.cluster, b.source)
        for b in one.bouts
    ]
    assert [isinstance(e, sio.UserEvent) for e in events if e.source != "tracking"] == [
        b.source == "human" for b in one.bouts
    ]  # fmt: skip
