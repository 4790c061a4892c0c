"""Exports of a behaviour folder: what is chosen, where it goes, and nothing is overwritten."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime

import h5py
import numpy as np
import pandas as pd
import pytest
from tests.fixtures.filmed_mice import finish

from napari_behaviorvlm.core.bout_edits import Relabel, RenameLabel, SetCaption
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import ExportError, ProjectError, TableError
from napari_behaviorvlm.io.ethogram import FORMATS
from napari_behaviorvlm.workflows.behavior.captions import caption
from napari_behaviorvlm.workflows.behavior.ethograms import ethogram_of
from napari_behaviorvlm.workflows.behavior.events import merge
from napari_behaviorvlm.workflows.behavior.exporting import (
    BehaviorExport,
    export_behavior,
    preview_behavior_export,
)
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.run import segment
from napari_behaviorvlm.workflows.behavior.segmenting import (
    SegmentRequest,
    read_bodies,
    read_clips,
)
from napari_behaviorvlm.workflows.behavior.sources import Sources, open_sources


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
    (tmp_path / "there").mkdir()
    boris = BehaviorExport("boris", tmp_path / "there")
    assert finish(export_behavior(folder, boris)).files == (tmp_path / "there" / "mice.boris",)
    with pytest.raises(ExportError, match="2 recordings need a folder"):
        csv(folder, tmp_path / "both.csv")
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

    def broken(ethograms, path, place):
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


def test_untracked_frames_are_those_in_no_clip(folder):
    for recording in folder.recordings:
        clips, ethogram = read_clips(folder, recording), ethogram_of(folder, recording)
        frames = clips.per_frame()
        for stretch in ethogram.untracked:
            at = clips.animals.index(stretch.animal)
            span = slice(stretch.start_frame, stretch.end_frame + 1)
            assert (frames[span, at] == -1).all()
            frames[span, at] = 0
        assert (frames >= 0).all()


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


def test_frame_by_frame_export_agrees_with_clips_and_tracks(folder, tmp_path):
    report = finish(export_behavior(folder, BehaviorExport("moseq", tmp_path / "r")))
    with h5py.File(report.files[0]) as file:
        for recording in folder.recordings:
            clips, bodies = read_clips(folder, recording), read_bodies(folder, recording)
            cluster = clips.per_frame(clips.cluster)
            for at, animal in enumerate(clips.animals):
                group = file[f"{recording.name}_{animal}"]
                np.testing.assert_array_equal(group["syllable"][:], cluster[:, at])
                np.testing.assert_array_equal(group["centroid"][:], bodies.centre[:, at])
                followed = group["syllable"][:] >= 0
                assert np.isfinite(group["latent_state"][:][followed]).all()
                ahead = bodies.head[:, at] - bodies.rear[:, at]
                np.testing.assert_allclose(
                    group["heading"][:], np.arctan2(ahead[:, 1], ahead[:, 0]), equal_nan=True
                )
        # Moments of one cluster lie closer together than moments of several.
        space = np.concatenate([group["latent_state"][:] for group in file.values()])
        number = np.concatenate([group["syllable"][:] for group in file.values()])
    known = (number >= 0) & np.isfinite(space).all(axis=1)
    space, number = space[known], number[known]
    within = np.mean([space[number == one].std(axis=0).mean() for one in np.unique(number)])
    assert within < 0.8 * space.std(axis=0).mean()


def test_clusters_of_another_folder_are_found_again(folder, tmp_path):
    model = finish(segment(folder, SegmentRequest(method="kmeans", n_clusters=4))).model
    video = folder.recordings[1].video
    with open_sources(Sources((video,), folder=tmp_path / "other", animals=2)) as other:
        finish(segment(other, SegmentRequest(known=model)))
        finish(caption(other, WordsRequest()))
        finish(merge(other, WordsRequest()))
        report = finish(export_behavior(other, BehaviorExport("moseq", tmp_path / "r.h5")))
        with h5py.File(report.files[0]) as file:
            assert np.isfinite(file["Tag-ü_A0"]["latent_state"][30]).all()
        shutil.rmtree(model)
        with pytest.raises(TableError, match="model-.* is gone"):
            finish(export_behavior(other, BehaviorExport("moseq", tmp_path / "s.h5")))
        assert not (tmp_path / "s.h5").exists()


def test_nwb_of_a_recording_without_a_file_needs_its_day(folder, tmp_path):
    folder.set_recordings([replace(one, video=None) for one in folder.recordings])
    request = BehaviorExport("nwb", tmp_path / "n")
    assert "--session-start" in preview_behavior_export(folder, request).problem
    with pytest.raises(ExportError, match="--session-start"):
        finish(export_behavior(folder, request))
    told = replace(request, started=datetime(2026, 5, 1, tzinfo=UTC))
    assert not preview_behavior_export(folder, told).problem
    assert len(finish(export_behavior(folder, told)).files) == 2
