import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from tests.unit.identity.flag_session import SKELETON, clean_session, triangulated

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.flags import compute_flags
from napari_behaviorvlm.identity.reliability import EDGES
from napari_behaviorvlm.identity.review import review_queue
from napari_behaviorvlm.workflows.judgements import Judgements
from napari_behaviorvlm.workflows.report import ReportInput, render_report, write_report
from napari_behaviorvlm.workflows.report.colours import keypoint_styles, legend
from napari_behaviorvlm.workflows.report.crops import Window, window_uri
from napari_behaviorvlm.workflows.report.marks import TextPlacer
from napari_behaviorvlm.workflows.report.pictures import best_row, distinct_items
from napari_behaviorvlm.workflows.report.plots import thinned_maximum, worst_view_error
from napari_behaviorvlm.workflows.report.scene import up_direction
from napari_behaviorvlm.workflows.report.summary import accuracy, provenance
from napari_behaviorvlm.workflows.report.trust import HELD_OUT, held_out


def candidates_of(labels):
    frame, camera, keypoint = np.nonzero(np.isfinite(labels.xy[..., 0]))
    return CandidateTable(
        labels.frames[frame], camera.astype(np.int16), keypoint.astype(np.int32) + 1,
        labels.xy[frame, camera, keypoint], np.full(len(frame), 50.0), np.full(len(frame), 2.0),
    )  # fmt: skip


def report_input(session, skeleton=SKELETON, **changes):
    flags = compute_flags(session.labels, session.poses, session.rig, skeleton)
    queue = review_queue(session.labels, session.poses, flags, session.rig, skeleton)
    picture = np.full((1024, 1280), 90, np.uint8)
    given = {
        "title": "A session", "rig": session.rig, "skeleton": skeleton, "labels": session.labels,
        "poses": session.poses, "flags": flags, "queue": queue,
        "candidates": candidates_of(session.labels), "read_image": lambda camera, frame: picture,
    }  # fmt: skip
    return ReportInput(**{**given, **changes})


@pytest.fixture
def spoilt():
    session = clean_session(n_frames=30)
    session.labels.xy[10, 0, 1] += (0, 60)
    session.labels.xy[15:20, 3, 2] += (15, 0)
    session.poses = triangulated(session.rig, session.labels)
    return session


class Page(HTMLParser):
    """Elements of a page, and whether they are balanced."""

    VOID = frozenset(("meta", "link", "input", "br"))

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.addresses, self.figures = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.figures += tag == "figure"
        self.addresses += [value for name, value in attributes if name in {"href", "src"}]

    def handle_startendtag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in {"href", "src"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def figures(html):
    found = re.findall(r'<script type="application/json" id="figure-(\w+)">(.*?)</script>', html)
    return {name: json.loads(text) for name, text in found}


def test_the_page_is_whole_and_asks_no_network(spoilt, tmp_path):
    path = write_report(tmp_path / "report.html", report_input(spoilt, n_doubtful=2))
    html = path.read_text("utf-8")
    page = Page(html)
    assert page.open == []
    assert page.figures == 6 + 2 * 6
    assert all(a.startswith(("data:", "#")) for a in page.addresses)
    assert "side0 disagrees with the other five by 6" in page.text
    assert "the same in 5 successive frames" in page.text
    assert "The 2 of 6 flagged points to look at first" in page.text
    assert set(figures(html)) == {"scene", "errors", "cameras", "trust"}
    assert path.stat().st_size < 9e6


def test_a_lasting_mistake_is_shown_once(spoilt):
    items = distinct_items(report_input(spoilt))
    assert [(item.keypoint, item.run) for item in items] == [("back_top", 5), ("ear_R", 1)]


def test_the_scene_shows_every_frame_of_a_short_session(spoilt):
    scene = figures(render_report(report_input(spoilt)))["scene"]
    assert [frame["name"] for frame in scene["frames"]] == [str(100 + i) for i in range(30)]
    assert scene["layout"]["scene"]["camera"]["up"] == {"x": 0, "y": 0, "z": 1}
    assert len(scene["layout"]["sliders"][0]["steps"]) == 30


def test_figures_of_the_summary(spoilt):
    data = report_input(
        spoilt, truth=spoilt.truth, identities_right=0.9871, fps=30.0, seed_frames=(100, 101),
        places=[("project", "/data/a & b/project")], notes=[("Time", "12 s")],
    )  # fmt: skip
    text = Page(render_report(data)).text.replace("\u00a0", " ")
    for words in ("30 , 1.0 s", "30, 1.0 s"):
        if words in text:
            break
    else:
        pytest.fail("the number of frames is missing")
    assert "98.7 % names right" in text
    assert "100 % within 5 mm" in text
    assert "Geometric solver, not a vision-language model" in text
    assert "labelled by a person: frames 100, 101." in text
    assert "/data/a & b/project" in text
    assert "Time 12 s" in text
    assert "one view against the others 6" in text


def test_the_reliability_diagram_tells_counts_and_that_they_are_no_random_sample(spoilt):
    spoilt.poses.confidence[:] = 0.97
    judged = Judgements(np.array([0.93] * 4 + [0.3, np.nan]), np.array([1, 1, 1, 0, 0, 1], bool))
    html = render_report(
        report_input(spoilt, truth=spoilt.truth, seed_frames=(100,), judgements=judged)
    )
    text = Page(html).text
    assert "6 labels, of which 4 were left as they were and 2 corrected" in text
    assert "no random sample" in text
    assert "90-95 93.0 % 75.0 % 4" in text
    wrong = 1 + 5
    share = 100 * (1 - wrong / (29 * 6 * 12))
    assert f"95-98 97.0 % {share:.1f} % {29 * 6 * 12:,}" in text
    drawn = {trace["name"]: trace for trace in figures(html)["trust"]["data"]}
    assert drawn["right by people's decisions"]["y"] == [0, 75]
    assert drawn["right against the truth"]["x"] == ["95-98"]


def test_without_decisions_and_truth_only_the_calibration_speaks(spoilt):
    html = render_report(report_input(spoilt, judgements=Judgements.none()))
    drawn = {trace["name"] for trace in figures(html)["trust"]["data"] if "right" in trace["name"]}
    assert drawn == {"right in held-out simulated sessions"}
    assert "that the confidence was not fitted on" in Page(html).text
    assert "Nobody has decided about labels since these proposals were made." in Page(html).text


def test_the_calibrations_curve_goes_with_its_coefficients(tmp_path):
    assert held_out().count.sum() > 10_000
    kept = json.loads(HELD_OUT.read_text("utf-8"))
    assert [len(kept[name]) for name in ("said", "right", "count")] == [len(EDGES) - 1] * 3
    kept["coefficients"][0] += 0.1
    (tmp_path / "other.json").write_text(json.dumps(kept))
    assert held_out(tmp_path / "other.json") is None


def test_nothing_flagged_is_said():
    text = Page(render_report(report_input(clean_session(n_frames=4)))).text
    assert "Nothing is flagged" in text
    assert "0 points to look at" in text


def failing(error):
    def read(camera, frame):
        raise error

    return read


@pytest.mark.parametrize("read", [
    failing(VideoError("gone")), failing(OSError("gone")), lambda *_: None,
    lambda *_: np.zeros((0, 0), np.uint8),
])  # fmt: skip
def test_pictures_that_cannot_be_read_are_left_out(spoilt, read):
    page = Page(render_report(report_input(spoilt, read_image=read, read_fluorescence=read)))
    assert page.text.count("no picture") == 6 + 2 * 6
    assert "side0 disagrees" in page.text


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3), (64, 64, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_picture(spoilt, shape, dtype):
    picture = np.full(shape, 60, dtype)
    html = render_report(report_input(
        spoilt, read_image=lambda *_: picture, read_fluorescence=lambda *_: picture, n_doubtful=1
    ))  # fmt: skip
    assert html.count('<image class="glow"') == 12


def test_a_session_without_anything():
    session = clean_session(n_frames=5)
    session.labels = Labels.empty(session.labels.frames, 6, 12)
    session.poses = triangulated(session.rig, session.labels)
    text = Page(render_report(report_input(session, candidates=CandidateTable.empty()))).text
    assert "There are no labels yet." in text
    assert "no points in 3D" in text


def test_no_frames_at_all():
    session = clean_session(n_frames=1)
    session.labels = Labels.empty(np.zeros(0, np.int64), 6, 12)
    session.poses = triangulated(session.rig, session.labels)
    assert "No frames" in Page(render_report(report_input(session))).text


def test_names_of_any_kind_stay_text():
    evil = "</script><script>alert(1)</script>&<b>\"'é"
    session = clean_session(n_frames=6)
    session.labels.xy[3, 1, 0] += 40
    rig = Rig((Camera(**{**vars_of(session.rig.cameras[0]), "name": evil}),
               *session.rig.cameras[1:]))  # fmt: skip
    session.rig, session.poses = rig, triangulated(rig, session.labels)
    names = (evil, *SKELETON.keypoints[1:])
    skeleton = Skeleton(names, ((names[0], names[1]),))
    html = render_report(report_input(session, skeleton, title=evil, places=[(evil, evil)]))
    assert "<script>alert" not in html
    page = Page(html)
    assert page.text.count(" ".join(evil.split())) >= 4
    assert any("&lt;/script&gt;" in name for name in figures(html)["errors"]["data"][2]["y"])


def vars_of(camera):
    names = ("name", "size", "matrix", "distortion", "rotation", "translation", "fisheye")
    return {name: getattr(camera, name) for name in names}


def test_a_folder_that_is_not_there(spoilt, tmp_path):
    with pytest.raises(ProjectError, match="gone"):
        write_report(tmp_path / "gone" / "report.html", report_input(spoilt))


def test_a_window_places_pixels_where_they_are_drawn():
    image = np.zeros((200, 300), np.uint8)
    image[120, 170] = 255
    window = Window.around((165.5, 118.0), (20, 20), 410, 410)
    uri = window_uri(image, window, stretch=False)
    import base64

    drawn = cv2.imdecode(np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8), 0)
    moments = cv2.moments((drawn > 60).astype(np.uint8))
    center = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    # The centre of picture pixel (0, 0) lies at (0.5, 0.5) of the drawing over it.
    np.testing.assert_allclose(window.place(np.array([170.0, 120.0])), center + 0.5, atol=0.6)
    assert window.contains(np.array([[170.0, 120.0], [100.0, 120.0], [np.nan, 1]])).tolist() == [
        True, False, False,
    ]  # fmt: skip


def test_names_do_not_overlap():
    rng = np.random.default_rng(0)
    marks = rng.uniform(150, 450, (12, 2))
    placer = TextPlacer(720, 560, 18, marks)
    boxes = []
    for x, y in marks:
        left, middle, _ = placer.place(x, y, "11 hindpaw_L", 7)
        boxes.append((left, middle - 10, left + 12 * 18 * 0.58, middle + 10))
        assert left >= 0
        assert boxes[-1][2] <= 720
    overlaps = [
        (a, b) for i, a in enumerate(boxes) for b in boxes[:i]
        if min(a[2], b[2]) - max(a[0], b[0]) > 2 and min(a[3], b[3]) - max(a[1], b[1]) > 2
    ]  # fmt: skip
    assert len(overlaps) <= 1


def test_thinning_keeps_peaks_and_holes():
    frames, values = np.arange(1000), np.zeros((1000, 2))
    values[777, 0] = 9.0
    values[:, 1] = np.nan
    thin_frames, thin = thinned_maximum(frames, values, 100)
    assert thin.shape == (100, 2)
    assert thin[77, 0] == 9.0
    assert thin_frames[77] == 770
    assert np.isnan(thin[:, 1]).all()


def test_worst_view_error_ignores_views_that_cannot_see():
    error = np.array([[[1.0, np.nan], [np.inf, np.nan], [5.0, np.nan]]])
    np.testing.assert_array_equal(worst_view_error(error), [[5.0, np.nan]])


def test_up_is_found_where_the_animal_walks_and_where_it_stays():
    session = clean_session(n_frames=120)
    assert up_direction(session.rig, session.truth).tolist() == [0, 0, 1]
    assert up_direction(session.rig, session.truth[:0]).tolist() == [0, 0, 1]


def test_the_frame_with_most_labels_is_shown(spoilt):
    spoilt.labels.status[:, :3] = Status.UNLABELLED
    spoilt.labels.status[22] = Status.PROPOSED
    assert best_row(report_input(spoilt)) == 22
    assert best_row(report_input(spoilt, frame=104)) == 4


def test_accuracy_in_other_units(spoilt):
    data = report_input(spoilt, truth=spoilt.truth + np.array([0, 0, 3.0]))
    assert accuracy(data).mean == pytest.approx(3, abs=0.3)
    assert accuracy(data).within == 1.0
    assert (
        accuracy(report_input(spoilt, truth=spoilt.truth + np.array([0, 0, 3.0]), unit="cm")).within
        == 0
    )
    assert accuracy(report_input(spoilt, truth=spoilt.truth, unit="foot")).within is None
    assert accuracy(report_input(spoilt)) is None


def test_who_said_what(spoilt):
    spoilt.labels.source[0, 0, 0], spoilt.labels.status[0, 0, 0] = Source.HUMAN, Status.CORRECTED
    header, table = provenance(spoilt.labels)
    assert header == ["proposed", "corrected"]
    assert table == [("a person", ["0", "1"]), ("geometric solver", ["2,159", "0"])]


def test_left_right_and_regions_look_different():
    styles = dict(zip(SKELETON.keypoints, keypoint_styles(SKELETON), strict=True))
    assert styles["ear_L"].colour == styles["ear_R"].colour != styles["tail_tip"].colour
    assert (styles["ear_L"].shape, styles["ear_R"].shape) == ("circle", "square")
    assert styles["tail_tip"].shape == "diamond"
    assert [entry.name for entry in legend(SKELETON)] == ["ears", "back", "paws", "tail"]
    bare = Skeleton(("a", "b"))
    assert [entry.name for entry in legend(bare)] == ["a", "b"]
