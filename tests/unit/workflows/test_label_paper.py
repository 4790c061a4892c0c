"""Labelling with a (simulated) VLM: nothing paid for is lost, invisible or paid again."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_vlm import ErrorModel, Fault
from tests.unit.workflows.paper_session import (
    PROBE,
    asked,
    finish,
    paper_project,
    serving,
    settings,
)
from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Source
from napari_behaviorvlm.core.progress import Arrived, Counted
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.workflows import label_paper
from napari_behaviorvlm.workflows.asking import open_model, spending
from napari_behaviorvlm.workflows.label import LabelRequest, label, plan
from napari_behaviorvlm.workflows.state import load_state
from napari_behaviorvlm.workflows.status import project_status
from napari_behaviorvlm.workflows.triangulate import triangulate_project
from napari_behaviorvlm.workflows.why import why

DEAR = Price(3.0, 15.0, 0.3, 3.75)


@pytest.fixture
def project(tmp_path):
    with Project(paper_project(tmp_path / "mouse")) as opened:
        yield opened


def request(server, first=2, end=5, **more):
    switches = {n: more.pop(n) for n in ("regions", "refine", "batch", "wait") if n in more}
    return LabelRequest("paper", FrameSpan(first, end), settings(server, **more), **switches)


def tables(project, first=2, end=5):
    state = load_state(project)
    return [
        getattr(table, name)[first:end]
        for table, names in ((state.labels, ("xy", "candidate", "source", "confidence")),
                             (state.poses, ("points", "n_views")))
        for name in names
    ]  # fmt: skip


def same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_frames_arrive_and_are_counted(project):
    with serving() as server:
        report, said = finish(label(project, request(server)))
        arrived = [step for step in said if isinstance(step, Arrived)]
        assert [step.first_frame for step in arrived] == [2, 3, 4]
        assert [step.done for step in arrived] == [1, 2, 3]
        assert all((step.labels.candidate > 0).all() for step in arrived)
        last = [step for step in said if isinstance(step, Counted)][-1]
        tokens = np.array([call.usage for call in server.answered if call.body["messages"]])
        assert report.calls == last.calls == len(server.answered) == len(asked(server)) + PROBE
        assert report.input_tokens == tokens[-report.calls :, 0].sum()
        assert report.frames == 3
        assert report.points == 9
    labels = load_state(project).labels
    assert (labels.source[2:5] == Source.VLM).all()
    assert (labels.candidate[2:5] == np.arange(1, 4)).all()
    assert project_status(project).calls == report.calls


def test_with_nothing_changed_no_server_is_needed(project):
    with serving() as server:
        wanted = request(server)
        first, _ = finish(label(project, wanted))
    again, _ = finish(label(project, wanted))
    assert again.computed is False
    assert (again.frames, again.points, again.calls) == (first.frames, first.points, 0)


@pytest.mark.parametrize("calls", [1, 17, 30])
def test_a_closed_generator_leaves_its_frames_and_goes_on(project, tmp_path, calls):
    with serving(ErrorModel(independent=0.3)) as server:
        whole = paper_project(tmp_path / "other" / "mouse")
        with Project(whole) as other:
            finish(label(other, request(server)))
            expected, once = tables(other), len(asked(server))
        steps = label(project, request(server, concurrency=1))
        while not (isinstance(step := next(steps), Counted) and step.calls >= calls):
            pass
        steps.close()
        runs = [run for run in project.store.runs() if run.strategy == "paper"]
        assert sum(run.end_frame - run.first_frame for run in runs) == step.done
        report, _ = finish(label(project, request(server)))
        assert same(tables(project), expected)
        requests = asked(server)
        # Nothing is asked again but the call that was in the air, and that one is told about.
        repeated = len(requests) - once - len(set(requests))
        assert repeated <= spending(project.folder).uncertain_calls <= 1
        assert report.frames == 3


def test_a_budget_is_the_project_s_and_is_never_passed(project):
    with serving() as server:
        limited = request(server, budget=0.2, price=DEAR)
        with pytest.raises(VLMError, match=r"budget of 0.20 USD.*of 3 frames are labelled"):
            finish(label(project, limited))
        spent = spending(project.folder).cost
        assert 0.1 < spent <= 0.2
        assert len(project.store.runs()) == 1  # what was solved is there
        before = len(server.calls)
        with pytest.raises(VLMError, match="budget"):
            finish(label(project, limited))
        assert spending(project.folder).cost <= 0.2
        assert len(server.calls) - before <= 2
        finish(label(project, request(server, budget=9.0, price=DEAR)))
        assert len(asked(server)) == len(set(asked(server)))


def test_calls_that_may_have_been_billed_count(project):
    with serving() as server:
        with open_model(project.folder, settings(server)) as session:
            session.store.begin("somebody's", 0.25)
        with open_model(project.folder, settings(server, budget=1.0, price=DEAR)) as session:
            assert session.budget.left == pytest.approx(0.75)


def test_the_dry_run_asks_nothing_and_comes_close(project):
    with serving() as server:
        wanted = request(server, price=DEAR)
        planned = plan(project, wanted)
        assert not server.calls
        report, _ = finish(label(project, wanted))
        assert planned.vlm_calls == pytest.approx(report.calls, rel=0.1)
        assert planned.input_tokens == pytest.approx(report.input_tokens, rel=0.1)
        assert planned.cost_usd == pytest.approx(report.cost_usd, rel=0.1)
        assert plan(project, wanted).vlm_calls == 0
        more = plan(project, replace(wanted, span=FrameSpan(2, 8)))
        assert more.solved_frames == 3
        assert more.vlm_calls == pytest.approx(report.calls - PROBE, rel=0.1)


def test_the_dry_run_knows_answers_that_no_run_holds(project):
    with serving() as server:
        wanted = request(server)
        finish(label(project, wanted))
        finish(triangulate_project(project))
        assert plan(project, wanted).vlm_calls == 0
        report, _ = finish(label(project, wanted))
        assert (report.calls, report.known > 0) == (0, True)


def test_a_price_that_nobody_knows(project):
    model = replace(settings(type("S", (), {"url": "http://models.example.org"})), model="ours")
    planned = plan(project, LabelRequest("paper", FrameSpan(2, 5), model))
    assert planned.cost_usd is None
    assert "not known" in planned.sentence


@pytest.mark.parametrize("switches", [{"regions": False}, {"refine": False}])
def test_steps_can_be_left_out(project, switches):
    with serving() as server:
        planned = plan(project, request(server, **switches))
        report, _ = finish(label(project, request(server, **switches)))
        assert planned.vlm_calls == pytest.approx(report.calls, rel=0.1)
        assert report.calls - PROBE == (12 if "regions" in switches else 36)


def test_batches_are_handed_in_left_and_collected_at_half_price(project):
    with serving() as server:
        server.batches.hold = True
        wanted = request(server, batch=True, price=DEAR)
        planned = plan(project, wanted)
        dear = plan(project, request(server, price=DEAR)).cost_usd
        reports = []
        for _ in range(6):
            report, _ = finish(label(project, wanted))
            reports.append(report)
            handed_in = server.batches.requests
            if not report.waiting:
                break
            assert finish(label(project, wanted))[0].waiting  # come back too early
            assert server.batches.requests == handed_in
            server.batches.finish()
        assert len(reports) == 3
        assert report.frames == 3
        assert not asked(server)
        assert handed_in == pytest.approx(planned.vlm_calls - PROBE, rel=0.1)
        assert spending(project.folder).cost == pytest.approx(planned.cost_usd, rel=0.1)
        assert planned.cost_usd == pytest.approx(dear / 2, rel=0.02)


def test_waiting_for_batches_can_be_interrupted(project, monkeypatch):
    monkeypatch.setattr(label_paper, "POLL", 0.05)
    with serving() as server:
        server.batches.hold = True
        wanted = request(server, batch=True, wait=True)
        steps = label(project, wanted)
        while "wait for their batches" not in next(steps).message:
            pass
        steps.close()
        server.batches.hold = False
        server.batches.finish()
        report, _ = finish(label(project, wanted))
        assert (report.frames, report.waiting) == (3, "")


def test_a_batch_with_failed_items_leaves_only_these_open(project):
    with serving() as server:
        server.batches.faults = {0: "errored", 1: "expired", 2: "truncated", 3: "invalid"}
        for _ in range(8):
            report, _ = finish(label(project, request(server, batch=True)))
            if not report.waiting:
                break
        assert report.frames == 3
        assert report.unanswered == 1
        assert any("refuses the request" in note for note in report.notes)
        # The view without regions still has its dots settled on the whole picture.
        assert (load_state(project).labels.candidate[2:5] > 0).all()


def test_why_shows_the_picture_and_the_words(project):
    with serving() as server:
        finish(label(project, request(server)))
    finish(triangulate_project(project))  # provenance survives
    found = why(project, 3, "cam2", "tail")
    assert [each.step for each in found] == ["regions", "assign"]
    said = found[-1]
    assert said.said.candidate == 3
    assert said.region == "rear"
    assert "tail" in said.said.reason
    assert said.picture.startswith(b"\x89PNG")
    import cv2

    picture = cv2.imdecode(np.frombuffer(said.picture, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (said.image.height, said.image.width)
    assert said.model == "simulated"
    assert "Give for each of these keypoints" in said.question
    assert found[0].said.visible is True
    assert why(project, 9, "cam2", "tail") == []


def test_why_tells_repairs_apart(project):
    with serving() as server:
        with open_model(project.folder, settings(server)):
            pass  # the probe's calls
        server.fail(Fault("wrong_shape"))
        finish(label(project, request(server, 2, 3, regions=False, concurrency=1)))
    found = why(project, 2, "cam0", "tail")
    assert [each.repair for each in found] == [0, 1]
    assert [each.said.candidate for each in found] == [None, 3]


def test_answers_that_stay_wrong_in_part_are_told(project):
    with serving() as server:
        with open_model(project.folder, settings(server)):
            pass
        server.fail(Fault("unknown_number", 99))
        wanted = request(server, 2, 3, regions=False, refine=False, concurrency=1)
        report, _ = finish(label(project, wanted))
    assert report.labels["proposed"] == 8
    assert report.unanswered == 0
    assert "4 answers were still wrong in part" in report.notes[0]


def test_a_project_without_videos(tmp_path):
    with small_project(tmp_path / "dots") as project, serving() as server:
        (tmp_path / "seeds.csv").write_text(seeds_text())
        from napari_behaviorvlm.workflows.seed import seed

        seed(project, tmp_path / "seeds.csv")
        for work in (lambda: plan(project, request(server)),
                     lambda: finish(label(project, request(server)))):  # fmt: skip
            with pytest.raises(VLMError, match=r"needs pictures.*'cam0'.*geometric"):
                work()


def seeds_text():
    from tests.unit.workflows.small_session import seed_rows, small_rig

    return seed_rows((0, 5, 11), small_rig())


def test_a_model_that_sees_no_pictures(project):
    with serving(images=False) as server, pytest.raises(VLMError, match="does not see pictures"):
        finish(label(project, request(server)))
