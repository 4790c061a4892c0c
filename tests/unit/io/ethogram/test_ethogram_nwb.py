"""NWB files with ndx-ethogram, read by pynwb."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pynwb
import pytest
from hypothesis import given
from tests.unit.io.ethogram.recordings import ethogram, frames_of, recordings, some, write

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.video import Origin, origin_of

MAY = Origin(datetime(2026, 5, 1, 14, 30, tzinfo=UTC), stated=True)


@contextmanager
def reading(path):
    import ndx_ethogram  # noqa: F401 - teaches pynwb its types

    with pynwb.NWBHDF5IO(str(path), "r") as io:
        yield io.read()


def tables(file):
    found = file.processing["behavior"].data_interfaces
    return {name: table.to_dataframe() for name, table in found.items()}


def test_bouts_behaviours_and_what_nobody_said(tmp_path):
    film = tmp_path / "films" / "day 1.mp4"
    film.parent.mkdir()
    film.write_bytes(b"film")
    path = tmp_path / "e.nwb"
    notes = write("nwb", [ethogram(video=film, origin=origin_of(film))], path)
    assert "taken from the time of its file" in notes[0]
    with reading(path) as file:
        found = tables(file)
        first = file.processing["behavior"]["bouts_A0"]
        assert first.labeling_method == "curated"
        assert file.processing["behavior"]["bouts_Ünal _ 2"].labeling_method == "automated"
        assert first.source_video.external_file[0] == "films/day 1.mp4"
        assert first.ethogram.exclusive
        assert file.session_start_time.timestamp() == pytest.approx(film.stat().st_mtime)
        labelled = first.observation_intervals.to_dataframe()
    assert set(found) == {
        "ethogram", "bouts_A0", "labelled_A0", "untracked_A0", "bouts_Ünal _ 2",
        "labelled_Ünal _ 2", "untracked_mouse_3",
    }  # fmt: skip
    assert found["ethogram"][["behavior", "definition"]].values.tolist() == [
        ["Sprünge <b>&", ""], ["rest", "does not move"]
    ]  # fmt: skip
    bouts = found["bouts_A0"]
    assert bouts.label.tolist() == ["rest", "rest", "Sprünge <b>&"]
    np.testing.assert_allclose(bouts.start_time, [0, 10 / 30, 11 / 30])
    np.testing.assert_allclose(bouts.stop_time, [10 / 30, 11 / 30, 41 / 30])
    assert bouts.labelled_by.tolist() == ["measured", "vlm", "human"]
    assert bouts.caption[0] == 'Sits, "still";\nthen not.'
    np.testing.assert_allclose(labelled.to_numpy(float), [[0, 41 / 30]])
    np.testing.assert_allclose(found["untracked_A0"].to_numpy(float), [[2, 100 / 30]])


def test_somebody_has_to_know_when_it_began(tmp_path):
    with pytest.raises(ExportError, match="--session-start"):
        write("nwb", [ethogram()], tmp_path / "e.nwb")
    assert write("nwb", [ethogram(origin=MAY)], tmp_path / "e.nwb") == ()
    with reading(tmp_path / "e.nwb") as file:
        assert file.session_start_time == MAY.began


def test_seconds_are_those_of_the_video_where_its_rate_varies(tmp_path):
    times = np.concatenate([np.arange(50) / 30, 10 + np.arange(50) / 30])
    write("nwb", [ethogram(times=times, origin=MAY)], tmp_path / "e.nwb")
    with reading(tmp_path / "e.nwb") as file:
        bouts = tables(file)["bouts_Ünal _ 2"]
        np.testing.assert_allclose(file.acquisition["video"].timestamps[:], times)
    np.testing.assert_allclose(bouts[["start_time", "stop_time"]], [[1.0, 10 + 50 / 30]])


@some(12)
@given(recordings())
def test_every_bout_comes_back(tmp_path, one):
    write("nwb", [replace(one, origin=MAY)], tmp_path / "e.nwb")
    with reading(tmp_path / "e.nwb") as file:
        found = tables(file)
    bouts = pd.concat([found.pop(name) for name in list(found) if name.startswith("bouts_")] or [
        pd.DataFrame()
    ])  # fmt: skip
    told = [(b.label, b.caption, b.cluster, b.labelled_by, b.start_frame, b.stop_frame)
            for b in bouts.itertuples()]  # fmt: skip
    assert sorted(told) == sorted(
        (b.label, b.description, b.cluster, b.source, b.start_frame, b.end_frame) for b in one.bouts
    )
    for at, bout in enumerate(bouts.itertuples()):
        assert round(bout.start_time * one.fps) == told[at][4]
        assert round(bout.stop_time * one.fps) == told[at][5] + 1
    for kind, stretches in (("labelled_", one.bouts), ("untracked_", one.untracked)):
        frames = sum(
            len(frames_of((round(t.start_time * one.fps), round(t.stop_time * one.fps) - 1)
                          for t in table.itertuples()))
            for name, table in found.items() if name.startswith(kind)
        )  # fmt: skip
        assert frames == sum(
            len(frames_of((s.start_frame, s.end_frame) for s in stretches if s.animal == animal))
            for animal in one.animals
        )
