"""The report of a behaviour folder: one folder that can be passed on."""

import json
import re

import pytest
from tests.fixtures.filmed_mice import finish

from napari_behaviorvlm.core.bout_edits import Describe, Relabel
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.workflows.behavior.reporting import report_behavior


def data_of(page, name):
    found = re.search(
        rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL
    )
    return json.loads(found.group(1))


def test_the_timeline_holds_every_event_with_its_words(folder):
    first = folder.store.bouts("day 1")[0]
    folder.store.apply(Relabel((first.id,), "</script><b>"), "ann")
    folder.store.apply(Describe(first.id, "Says & means <i>."), "ann")
    page = finish(report_behavior(folder)).read_text("utf-8")
    data = data_of(page, "timeline-data")
    for recording, drawn in zip(folder.recordings, data["recordings"], strict=True):
        bouts = folder.store.bouts(recording.name)
        told = [
            (row["animal"], start, end, data["labels"][label]["name"], data["texts"][text])
            for row in drawn["rows"]
            for start, end, label, text in zip(
                row["start"], row["end"], row["label"], row["text"], strict=True
            )
        ]
        assert told == [
            (b.animal, b.start_frame, b.end_frame, b.label, b.description) for b in bouts
        ]
    assert data["recordings"][0]["rows"][0]["person"][0] == 1
    assert "<i>." not in page
    assert "</script><b>" not in page


def test_it_takes_the_place_of_a_report_and_of_nothing_else(folder, tmp_path):
    page = finish(report_behavior(folder))
    assert page == folder.folder / "report" / "index.html"
    assert finish(report_behavior(folder)) == page
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years")
    with pytest.raises(ExportError, match="not a report of ours"):
        finish(report_behavior(folder, mine))
    assert (mine / "thesis.txt").read_text() == "years"
    assert finish(report_behavior(folder, tmp_path / "for the PI")).is_file()
