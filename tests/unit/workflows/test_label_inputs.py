"""What people decided in review is an example for the next run."""

import numpy as np
import pytest
from tests.unit.workflows.paper_session import finish
from tests.unit.workflows.small_session import seed_rows, small_project, truth

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.label_inputs import label_inputs
from napari_behaviorvlm.workflows.review import RULE_UNFLAGGED
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state


@pytest.fixture
def project(tmp_path):
    project = small_project(tmp_path / "small")
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 9, 15], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    finish(label(project, LabelRequest()))
    yield project
    project.close()


def accept(project, frame, keypoints, author="Ann", cameras=range(4)):
    labels = load_state(project).labels
    changes = []
    for camera in cameras:
        for keypoint in keypoints:
            x, y = labels.xy[frame, camera, keypoint].tolist()
            number = int(labels.candidate[frame, camera, keypoint])
            changes.append(((frame, camera, keypoint), StoredLabel(
                x, y, number, Status.ACCEPTED, Source.GEOMETRIC, None, author,
            )))  # fmt: skip
    project.store.apply(changes, "accept", author)


def test_a_reviewed_frame_becomes_an_example_and_changes_the_next_run(project):
    before = label_inputs(project, FrameSpan())
    assert before.examples is before.seeds
    assert not finish(label(project, LabelRequest()))[0].computed
    accept(project, 5, [0, 2])
    given = label_inputs(project, FrameSpan())
    assert given.seeds.frames.tolist() == [2, 9, 15]
    assert given.examples.frames.tolist() == [2, 5, 9, 15]
    assert given.examples.points[1, [0, 2]] == pytest.approx(truth(20)[5, [0, 2]], abs=0.1)
    assert np.isnan(given.examples.points[1, 1]).all()
    assert finish(label(project, LabelRequest()))[0].computed
    assert not finish(label(project, LabelRequest()))[0].computed


def test_too_little_and_what_a_rule_accepted_teaches_nothing(project):
    accept(project, 5, [0])
    accept(project, 6, [0, 1, 2], cameras=[1])
    accept(project, 7, [0, 1, 2], author=RULE_UNFLAGGED)
    given = label_inputs(project, FrameSpan())
    assert given.examples is given.seeds
