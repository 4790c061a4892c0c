"""The report of a behaviour folder: one folder that can be passed on."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.filmed_mice import finish

from napari_behaviorvlm.core.bout_edits import Describe, Relabel
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.workflows.behavior.report.tiles import GAP, SIDE
from napari_behaviorvlm.workflows.behavior.reporting import report_behavior
from napari_behaviorvlm.workflows.behavior.segmenting import read_clips


@pytest.fixture(scope="module")
def report(behaved_folder, tmp_path_factory):
    """Page of the folder as it was made."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder

    with BehaviorFolder.open(behaved_folder, writable=False) as folder:
        return finish(report_behavior(folder, tmp_path_factory.mktemp("report") / "for ünal"))


def data_of(page, name):
    start = f'<script type="application/json" id="{name}">'
    return json.loads(re.search(rf"{start}(.*?)</script>", page, re.DOTALL).group(1))


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
        clips = read_clips(folder, recording)
        assert sum(len(row["clip_start"]) for row in drawn["rows"]) == len(clips)
    assert data["recordings"][0]["rows"][0]["person"][0] == 1
    assert "<i>." not in page
    assert "</script><b>" not in page
    assert "made, changed or accepted by a person" in page


def test_every_picture_lies_beside_the_page_and_nothing_is_fetched(report):
    page = report.read_text("utf-8")
    wanted = set(re.findall(r'(?:src|data-moving|data-still)="(pictures/[^"]+)"', page))
    assert wanted == {f"pictures/{path.name}" for path in (report.parent / "pictures").iterdir()}
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#|data:|pictures/)[^"]*"', body)
    assert "named by rules on what was measured of the tracks" in page
    assert "no model and no person looked" in page


def test_loops_move_and_hold_both_views(report):
    loops = list((report.parent / "pictures").glob("cluster*_1.webp"))
    assert loops
    for path in loops:
        with Image.open(path) as film:
            assert film.size == (2 * SIDE + GAP, SIDE)
            assert 5 <= film.n_frames <= 30
            assert film.info["loop"] == 0
            shown, milliseconds = [], 0
            for number in range(film.n_frames):
                film.seek(number)
                shown.append(np.asarray(film.convert("RGB"), int))
                milliseconds += film.info["duration"]
        assert 700 <= milliseconds <= 3000
        assert np.abs(shown[len(shown) // 2] - shown[0]).max() > 10
        still = Image.open(path.with_name(path.stem + "_still.webp"))
        assert still.n_frames == 1
        still.close()


def test_figures_add_up(report):
    page = report.read_text("utf-8")
    shares = data_of(page, "figure-budget")["data"]
    assert {trace["name"] for trace in shares} >= {"rest", "walk"}
    total = np.sum([_numbers(trace["x"]) for trace in shares], axis=0)
    np.testing.assert_allclose(total, 100)
    sizes = data_of(page, "figure-sizes")["data"][0]
    clips = sum(row[0] for row in sizes["customdata"])
    told = data_of(page, "timeline-data")["recordings"]
    assert clips == sum(len(row["clip_start"]) for one in told for row in one["rows"])


def _numbers(values):
    """Plotly packs arrays."""
    if isinstance(values, dict):
        import base64

        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.array(values)


def test_it_takes_the_place_of_a_report_and_of_nothing_else(folder, tmp_path):
    page = finish(report_behavior(folder))
    assert page == folder.folder / "report" / "index.html"
    before = page.stat().st_mtime_ns
    assert finish(report_behavior(folder, keep=True)) == page
    assert page.stat().st_mtime_ns == before
    first = folder.store.bouts("day 1")[0]
    folder.store.apply(Relabel((first.id,), "yawn"), "ann")
    finish(report_behavior(folder, keep=True))
    assert "yawn" in page.read_text("utf-8")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years")
    with pytest.raises(ExportError, match="not a report of ours"):
        finish(report_behavior(folder, mine))
    assert (mine / "thesis.txt").read_text() == "years"


def test_a_video_that_is_gone_costs_its_pictures_only(folder, tmp_path):
    first, second = folder.recordings
    folder.set_recordings([replace(first, video=tmp_path / "gone.mp4"), second])
    page = finish(report_behavior(folder)).read_text("utf-8")
    assert "day 1 has no pictures here" in page
    assert "pictures/cluster" in page
    folder.set_recordings([replace(first, video=None), replace(second, video=None)])
    page = finish(report_behavior(folder)).read_text("utf-8")
    assert "pictures/cluster" not in page
    assert len(data_of(page, "timeline-data")["recordings"]) == 2
