"""Requests as the contract has them: kept ones replayed, live ones answered by a stranger."""

import base64
import json
import sqlite3

import numpy as np
import pytest
from simulated_vlm import BehaviorOracle, ErrorModel, SimulatedServer
from tests.fixtures.plain_server import PlainServer, breaches, facts_of
from tests.unit.vlm.asking import TRUTH
from tests.unit.workflows import fused_session, paper_session
from tests.unit.workflows.behavior.test_words_over_http import captioned, recording, true_captions
from tests.unit.workflows.paper_session import SKELETON, finish, paper_project, settings

from napari_behaviorvlm.behavior.events.model import ModelMerge
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.session import ModelSession
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.state import load_state


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    return paper_project(tmp_path_factory.mktemp("contract") / "mouse")


def kept_messages(path):
    """Messages of all requests in a file of answers, as they went out; read by SQL alone."""
    with sqlite3.connect(path) as connection:
        pictures = dict(connection.execute("SELECT digest, data FROM image"))
        kinds = dict(connection.execute("SELECT digest, media_type FROM image"))
        rows = connection.execute("SELECT request FROM exchange ORDER BY id").fetchall()
    connection.close()

    def block(part):
        if "text" in part:
            return {"type": "text", "text": part["text"]}
        data = base64.b64encode(pictures[part["image"]]).decode()
        source = {"type": "base64", "media_type": kinds[part["image"]], "data": data}
        return {"type": "image", "source": source}

    for (request,) in rows:
        turns = json.loads(request)["turns"]
        yield [{"role": t["role"], "content": [block(p) for p in t["parts"]]} for t in turns]


def assert_kept(path, tasks):
    found = []
    for messages in kept_messages(path):
        assert breaches(messages) == []
        found.append(facts_of(messages)["task"])
    assert set(found) == tasks
    return found


# Kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regions", [True, False])
def test_everything_that_paper_asked(untouched, tmp_path, regions):
    folder = paper_session.paper_project(tmp_path / "mouse")
    with paper_session.serving(ErrorModel(independent=0.4, box_miss=0.2)) as server:
        wanted = LabelRequest("paper", FrameSpan(2, 5), settings(server), regions=regions)
        with Project(folder) as project:
            finish(label(project, wanted))
    tasks = {"regions", "assign", "resolve"} if regions else {"regions", "assign"}
    assert_kept(folder / "answers.sqlite", tasks)  # the probe asks for regions, too


def test_everything_that_fused_asked(tmp_path):
    folder = fused_session.fused_project(tmp_path / "mouse")
    with fused_session.serving() as server, Project(folder) as project:
        finish(label(project, LabelRequest("fused", FrameSpan(3, 9), settings(server))))
    assert_kept(folder / "answers.sqlite", {"regions", "assign"})


def test_everything_that_behaviour_asked(tmp_path):
    clips, truth, bodies = recording()
    behavior = BehaviorOracle(truth)
    store = AnswerStore(tmp_path / "answers.sqlite")
    with (
        SimulatedServer(TRUTH, behavior=behavior) as server,
        ModelSession(settings(server), store) as session,
    ):
        captioned(session, clips, bodies)
        finish(ModelMerge("test", clips, true_captions(clips, truth)).run(session))
    store.close()
    assert_kept(tmp_path / "answers.sqlite", {"regions", "caption", "merge"})


# Live ------------------------------------------------------------------------------------------


def by_number(facts):
    """Answer questions about the small session, where keypoint and number have one order."""
    names = list(SKELETON.keypoints)
    dots = {dot["number"]: (dot["x"], dot["y"]) for dot in facts["candidates"]}
    if facts["task"] != "regions":
        number = {name: names.index(name) + 1 for name in facts["keypoints"]}
        return {"assignments": [{"keypoint": name, "candidate": n if n in dots else 0}
                                for name, n in number.items()]}  # fmt: skip
    boxes = []
    for region in facts["regions"]:
        at = np.array([dots[names.index(name) + 1] for name in SKELETON.regions[region]])
        low, high = at.min(0) - 20, at.max(0) + 20
        corners = (np.array([low, high]) - facts["image"]["origin"]) * facts["image"]["scale"]
        boxes.append({"region": region, "box": corners.ravel().tolist()})
    return {"regions": boxes}


@pytest.mark.parametrize(
    ("strict", "strangers", "counts"),
    [
        (False, "crash", True), (True, "crash", False), (False, "refuse", False),
        (True, "refuse", True), (False, "words", True), (True, "words", False),
    ],
)  # fmt: skip
def test_a_server_that_knows_the_contract_and_nothing_else(
    tmp_path, strict, strangers, counts
):  # fmt: skip
    folder = paper_project(tmp_path / "mouse")
    plain = PlainServer(by_number, "small", strict=strict, strangers=strangers, counts=counts)
    with plain, Project(folder) as project:
        report, _ = finish(label(project, LabelRequest("paper", FrameSpan(2, 5), settings(plain))))
        numbers = load_state(project).labels.candidate[2:5]
    assert plain.breaches == []
    assert report.calls == plain.answered >= 36
    assert (report.points, report.points_possible) == (9, 9)
    assert report.unanswered == 0
    assert (numbers == [1, 2, 3]).all()
    assert report.input_tokens == (100 * report.calls if counts else 0)
