"""Exports of a behaviour folder: what is chosen, where it goes, and nothing is overwritten."""

from dataclasses import replace

import pandas as pd
import pytest
from tests.fixtures.filmed_mice import finish

from napari_behaviorvlm.core.bout_edits import Relabel, RenameLabel, SetCaption
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import ExportError, ProjectError
from napari_behaviorvlm.io.ethogram import FORMATS
from napari_behaviorvlm.workflows.behavior.exporting import (
    BehaviorExport,
    ethogram_of,
    export_behavior,
    preview_behavior_export,
)
from napari_behaviorvlm.workflows.behavior.segmenting import read_bodies, read_clips


def csv(folder, out, **more):
    return finish(export_behavior(folder, BehaviorExport("csv", out, **more)))


def test_every_recording_has_a_file_that_says_what_the_store_says(folder, tmp_path):
    report = csv(folder, tmp_path / "out")
    assert [path.name for path in report.files] == ["day 1.csv", "Tag-ü.csv"]
    for recording, path in zip(folder.recordings, report.files, strict=True):
        table = pd.read_csv(path)
        bouts = folder.store.bouts(recording.name)
        assert list(table.label) == [bout.label for bout in bouts]
        assert list(table.end_frame) == [bout.end_frame for bout in bouts]
    assert report.bouts == sum(len(folder.store.bouts(one.name)) for one in folder.recordings)


def test_one_recording_makes_one_file_and_the_ending_is_added(folder, tmp_path):
    report = csv(folder, tmp_path / "new" / "mouse.day1", recordings=("day 1",))
    assert report.files == (tmp_path / "new" / "mouse.day1.csv",)
    with pytest.raises(ProjectError, match="no recording 'day 9'"):
        csv(folder, tmp_path / "o.csv", recordings=("day 9",))


def test_nothing_is_overwritten_unless_asked_for_and_a_failure_leaves_nothing(
    folder, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "Tag-ü.csv").write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        csv(folder, out)
    assert [path.name for path in out.iterdir()] == ["Tag-ü.csv"]
    assert "exists already" in preview_behavior_export(folder, BehaviorExport("csv", out)).problem
    csv(folder, out, replace=True)
    assert (out / "Tag-ü.csv").read_text("utf-8").startswith("animal,")

    def broken(ethograms, path):
        path.write_text("half")
        raise ExportError("no")

    module = __import__("napari_behaviorvlm.io.ethogram.csv_file", fromlist=["write"])
    monkeypatch.setattr(module, "write", broken)
    with pytest.raises(ExportError, match="no"):
        csv(folder, tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_clips_carry_the_words_of_their_captions_under_todays_names(folder, tmp_path):
    clips = read_clips(folder, "day 1")
    old = folder.store.captions("day 1")[0].label
    folder.store.apply(RenameLabel(old, "my word"), "ann")
    folder.store.apply(SetCaption("day 1", 1, Caption("yawn", "Opens its mouth.")), "ann")
    table = pd.read_csv(csv(folder, tmp_path / "c", level="clips").files[0])
    assert len(table) == len(clips)
    assert table.start_frame.tolist() == clips.start.tolist()
    assert table.cluster.tolist() == clips.cluster.tolist()
    assert table.label[0] == "my word"
    assert table.loc[1, ["label", "description", "source"]].tolist() == [
        "yawn", "Opens its mouth.", "human"
    ]  # fmt: skip


def test_only_what_people_decided(folder, tmp_path):
    with pytest.raises(ExportError, match="Nobody has made or accepted"):
        csv(folder, tmp_path / "o", only="accepted")
    one = folder.store.bouts("Tag-ü")[0]
    folder.store.apply(Relabel((one.id,), "sniff"), "ann")
    report = csv(folder, tmp_path / "o", only="accepted")
    assert report.bouts == 1
    assert pd.read_csv(report.files[1]).label.tolist() == ["sniff"]
    preview = preview_behavior_export(
        folder, BehaviorExport("csv", tmp_path / "p", only="accepted")
    )
    assert [file.bouts for file in preview.files] == [0, 1]
    assert preview.warnings == ("day 1 has nothing to write.",)


def test_untracked_frames_are_those_without_a_body(folder):
    recording = folder.recordings[0]
    ethogram = ethogram_of(folder, recording)
    bodies = read_bodies(folder, recording)
    for at, animal in enumerate(ethogram.animals):
        gone = sum(s.end_frame - s.start_frame + 1 for s in ethogram.untracked
                   if s.animal == animal)  # fmt: skip
        assert gone == (~bodies.tracked[:, at]).sum() + ethogram.n_frames - len(bodies)


def test_preview_says_what_export_does(folder, tmp_path):
    for name in FORMATS:
        request = BehaviorExport(name, tmp_path / name / "o")
        preview = preview_behavior_export(folder, request)
        report = finish(export_behavior(folder, request))
        assert not preview.problem
        assert tuple(file.path for file in preview.files) == report.files
        assert all(path.is_file() for path in report.files)
        again = preview_behavior_export(folder, replace(request, replace=True))
        assert "will be replaced" in again.warnings[0]
    assert "choose csv" in preview_behavior_export(folder, replace(request, format="x")).problem
