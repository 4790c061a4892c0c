"""People's decisions as a judgement of the proposals they were made about."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.workflows.paper_session import finish
from tests.unit.workflows.small_session import seed_rows, small_project

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.judgements import project_judgements
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.review import RULE_UNFLAGGED
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state

LATER, EARLIER = "2999-01-01T00:00:00+00:00", "1999-01-01T00:00:00+00:00"


@pytest.fixture
def project(tmp_path):
    project = small_project(tmp_path / "small")
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 9, 15], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    finish(label(project, LabelRequest()))
    yield project
    project.close()


def decision(state, cell, status, shift=0.0, author="Ann", created=LATER):
    x, y = state.labels.xy[cell].tolist()
    source = Source.HUMAN if status is Status.CORRECTED else Source(int(state.labels.source[cell]))
    label = StoredLabel(x + shift, y, 0, status, source, None, author, created)
    return cell, label if status is not Status.OCCLUDED else replace(label, x=None, y=None)


def test_accepted_is_right_and_moved_or_hidden_is_wrong(project):
    state = load_state(project)
    assert len(project_judgements(project)) == 0
    changes = [
        decision(state, (5, 0, 0), Status.ACCEPTED),
        decision(state, (5, 1, 0), Status.CORRECTED, shift=25),
        decision(state, (5, 2, 0), Status.CORRECTED, shift=0.5),
        decision(state, (6, 0, 1), Status.OCCLUDED),
    ]
    project.store.apply(changes, "review", "Ann")
    found = project_judgements(project)
    assert found.right.tolist() == [True, False, True, False]
    expected = [state.poses.confidence[5, 0]] * 3 + [state.poses.confidence[6, 1]]
    assert found.confidence == pytest.approx(expected)
    assert np.isfinite(found.confidence).all()


def test_what_says_nothing_of_the_proposals_is_left_out(project):
    state = load_state(project)
    changes = [
        decision(state, (2, 0, 0), Status.CORRECTED, shift=25),
        decision(state, (7, 0, 0), Status.ACCEPTED, author=RULE_UNFLAGGED),
        decision(state, (8, 0, 0), Status.ACCEPTED, created=EARLIER),
    ]
    project.store.apply(changes, "review", "Ann")
    assert len(project_judgements(project)) == 0
