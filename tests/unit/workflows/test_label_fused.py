"""Geometry first, a few questions after: nothing paid twice, nothing lost, nothing hidden."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.unit.workflows.fused_session import SKELETON, fused_project, serving
from tests.unit.workflows.paper_session import PROBE, asked, finish, settings

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.core.progress import Arrived, Counted
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.workflows.asking import spending
from napari_behaviorvlm.workflows.label import LabelPlan, LabelReport, LabelRequest, label, plan
from napari_behaviorvlm.workflows.label_fused import decided_cells
from napari_behaviorvlm.workflows.state import load_state
from napari_behaviorvlm.workflows.triangulate import triangulate_project
from napari_behaviorvlm.workflows.why import why

DEAR = Price(3.0, 15.0, 0.3, 3.75)
SPAN = FrameSpan(3, 11)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return fused_project(tmp_path_factory.mktemp("session") / "mouse").parent


@pytest.fixture
def project(session, tmp_path):
    with Project(copied(session, tmp_path / "own")) as opened:
        yield opened


@dataclass
class Labelled:
    """A session that was labelled over HTTP once, for looking at."""

    folder: Path
    plan: LabelPlan
    report: LabelReport
    said: list
    requests: list[str]
    wanted: LabelRequest


@pytest.fixture(scope="module")
def labelled(session, tmp_path_factory):
    folder = copied(session, tmp_path_factory.mktemp("labelled") / "own")
    with serving() as server, Project(folder) as opened:
        wanted = request(server, price=DEAR)
        planned = plan(opened, wanted)
        assert not server.calls  # the dry run asks nothing
        report, said = finish(label(opened, wanted))
        return Labelled(folder, planned, report, said, asked(server), wanted)


def copied(session, folder):
    shutil.copytree(session, folder)
    return folder / "mouse"


def request(server, span=SPAN, **more):
    calls = more.pop("calls_per_frame", 2.0)
    return LabelRequest("fused", span, settings(server, **more), calls_per_frame=calls)


def numbers(project, span=SPAN):
    return load_state(project).labels.candidate[span.first : span.end].copy()


def test_few_questions_and_with_nothing_changed_no_server_is_needed(labelled):
    report, said = labelled.report, labelled.said
    assert 0 < report.calls - PROBE == len(labelled.requests) <= 2 * 8
    first = next(at for at, step in enumerate(said) if isinstance(step, Arrived))
    counted = [at for at, s in enumerate(said) if isinstance(s, Counted) and s.calls]
    assert first < counted[0]  # geometry is there before the first answer
    assert report.frames == 8
    assert report.notes == ()
    with Project(labelled.folder) as project:
        sources = load_state(project).labels.source[3:11]
        assert (sources == Source.FUSED).any()
        assert (sources == Source.GEOMETRIC).any()
        again, _ = finish(label(project, labelled.wanted))
        assert plan(project, labelled.wanted).vlm_calls == 0
    assert again.computed is False
    assert (again.points, again.calls) == (report.points, 0)


def test_the_dry_run_comes_close(labelled, project):
    assert labelled.plan.vlm_calls == pytest.approx(labelled.report.calls, abs=4)
    assert labelled.plan.cost_usd == pytest.approx(labelled.report.cost_usd, rel=0.25)
    assert plan(project, LabelRequest("fused", SPAN, calls_per_frame=0)).vlm_calls == 0


def test_stopped_it_keeps_geometry_and_goes_on_without_repeating_a_call(project, labelled):
    with serving() as server:
        steps = label(project, request(server, concurrency=1))
        while not (isinstance(step := next(steps), Counted) and step.calls >= 11 + PROBE):
            pass
        steps.close()
        assert np.isin(load_state(project).labels.status[3:11], LABELLED).any()
        uncertain = spending(project.folder).uncertain_calls
        report, _ = finish(label(project, request(server)))
        found, once = numbers(project), asked(server)
    assert report.known >= 11
    assert len(once) - len(set(once)) <= uncertain <= 1
    assert len(labelled.requests) == len(set(once))
    with Project(labelled.folder) as other:
        assert np.array_equal(numbers(other), found)


def test_a_budget_ends_the_asking_and_geometry_stays(project):
    with serving() as server:
        report, _ = finish(label(project, request(server, budget=0.08, price=DEAR)))
        assert 0 < spending(project.folder).cost <= 0.08
        assert report.frames == 8
        assert report.points > 40
        assert "Asking ended early" in report.notes[0]
        assert "budget of 0.08 USD" in report.notes[0]
        before = len(asked(server))
        more, _ = finish(label(project, request(server, budget=9.0, price=DEAR)))
        assert more.known == before
        assert more.notes == ()
        assert len(asked(server)) == len(set(asked(server))) > before


def test_without_a_model_it_is_geometry_alone_and_says_so(project):
    gone = LabelRequest("fused", SPAN, settings(type("S", (), {"url": "http://127.0.0.1:9"})))
    report, _ = finish(label(project, gone))
    assert "No model was asked" in report.notes[0]
    assert "geometry's alone" in report.notes[0]
    alone = numbers(project)
    assert (load_state(project).labels.source[3:11] != Source.FUSED).all()
    finish(label(project, LabelRequest("geometric", SPAN)))
    assert np.array_equal(numbers(project), alone)
    with serving() as server:  # the model is back: the same request asks now
        assert finish(label(project, request(server)))[0].calls > 0


def test_why_shows_what_was_asked_and_what_a_label_leans_on(labelled, tmp_path):
    with Project(copied(labelled.folder.parent, tmp_path / "own")) as project:
        finish(triangulate_project(project))  # provenance survives
        direct, leaning = provenance(project)
    assert direct
    assert leaning


def provenance(project):
    """Labels that a model was asked about in their picture, and those that lean on others."""
    cells = np.argwhere(load_state(project).labels.source == Source.FUSED)
    direct = leaning = 0
    for frame, camera, keypoint in cells:
        name, said = f"cam{camera}", SKELETON.keypoints[keypoint]
        found = why(project, int(frame), name, said)
        assert found
        assert all(each.picture.startswith(b"\x89PNG") for each in found)
        here = [(each.frame, each.camera) == (frame, name) for each in found]
        direct += all(here)
        leaning += not any(here)
    return direct, leaning


def test_a_correction_counts_along_the_tracklet(labelled, tmp_path):
    with serving() as server, Project(copied(labelled.folder.parent, tmp_path / "own")) as project:
        state = load_state(project)
        named = np.argwhere(state.labels.candidate[8] > 0)
        camera, keypoint = map(int, named[0])
        other = next(k for k in range(len(SKELETON)) if not state.labels.candidate[8, :, k].any())
        chosen = int(state.labels.candidate[8, camera, keypoint])
        x, y = state.labels.xy[8, camera, keypoint]
        mine = StoredLabel(float(x), float(y), chosen, Status.CORRECTED, Source.HUMAN, None)
        project.store.apply([((8, camera, other), mine)], "correct", "me")
        finish(label(project, request(server, calls_per_frame=0)))
        after = numbers(project)[:, :, other]
        assert decided_cells(project).cells() == {(8, camera, chosen): other}
    # The same dot in other views and frames goes by the person's name now.
    before = state.labels.candidate[3:11, :, keypoint]
    same = (after == before) & (after > 0)
    assert same[5].sum() >= 2
    assert same.any(1).sum() > 1
