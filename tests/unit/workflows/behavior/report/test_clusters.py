"""What clusters hold over several recordings."""

from tests.unit.behavior.mice import clips_of

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.ethogram import Ethogram
from napari_behaviorvlm.workflows.behavior.report import clusters
from napari_behaviorvlm.workflows.behavior.report.clusters import Example, clip_labels, summaries
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents, Told


def told(name, spans, numbers, bouts, animals=("A0", "A1")):
    clips = clips_of(spans, animals, clusters=numbers)
    made = tuple(Bout(animal, first, last, label) for animal, first, last, label in bouts)
    return Told(Ethogram(name, made, animals, clips.fps, clips.n_frames), clips, None)


ONE = told(
    "one", [(0, 0, 29), (0, 30, 59), (0, 60, 89), (1, 0, 29), (1, 30, 89)], [0, 1, 0, 0, 2],
    [("A0", 0, 29, "rest"), ("A0", 30, 70, "walk"), ("A0", 80, 89, "rest"), ("A1", 0, 40, "rest")],
)  # fmt: skip
OTHER = told("other", [(0, 0, 89)], [1], [("A0", 10, 89, "run")])


def test_clips_are_called_what_stands_in_their_middle():
    assert clip_labels(ONE.ethogram, ONE.clips) == ["rest", "walk", "", "rest", ""]


def test_clusters_are_named_by_most_of_their_time_over_all_recordings():
    found = summaries(ReportContents("t", [ONE, OTHER]))
    assert [(one.number, one.label, one.clips) for one in found] == [
        (0, "rest", 3), (1, "run", 2), (2, "", 1)
    ]  # fmt: skip
    first, second, third = found
    assert round(first.share, 3) == round(2 / 3, 3)
    assert second.seconds == 4.0
    assert second.share == 0.75
    assert third.share == 0.0
    assert second.examples == (Example(0, 1), Example(1, 0))
    assert first.examples[:2] == (Example(0, 0), Example(0, 3))  # animals in turn


def test_only_the_largest_have_pictures(monkeypatch):
    monkeypatch.setattr(clusters, "MOST", 2)
    found = summaries(ReportContents("t", [ONE, OTHER]))
    assert [one.number for one in clusters.shown(found)] == [0, 1]
