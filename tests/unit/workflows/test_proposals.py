"""Results of runs below people's decisions: overlaid, never changed, restored to the bit."""

from dataclasses import fields

import numpy as np
import pytest
from tests.unit.workflows.small_session import seed_rows, small_project

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.derived import read_result, write_result
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.proposals import Proposals
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state, update_cells
from napari_behaviorvlm.workflows.triangulate import triangulate_project


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def columns(state):
    return {
        f"{type(table).__name__}.{column.name}": np.array(getattr(table, column.name))
        for table in (state.labels, state.poses)
        for column in fields(table)
    } | {"decided": state.decided.copy()}


@pytest.fixture
def project(tmp_path):
    project = small_project(tmp_path / "small")
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 9, 15], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    yield project
    project.close()


@pytest.fixture(params=["one run", "two runs", "half a run"])
def labelled(project, request):
    spans = {
        "one run": [FrameSpan()],
        "two runs": [FrameSpan(0, 12), FrameSpan(8, 20)],
        "half a run": [FrameSpan(0, 12)],
    }[request.param]
    for span in spans:
        run(label(project, LabelRequest(span=span)))
    return project


def moved(xy):
    return StoredLabel(xy[0], xy[1], 0, Status.CORRECTED, Source.HUMAN, 1.0, "Ann")


def test_updating_cells_gives_what_loading_anew_gives_and_undo_restores_every_bit(labelled):
    state = load_state(labelled)
    before = columns(state)
    cells = [(5, 1, 0), (5, 2, 0), (5, 1, 1), (18, 0, 2)]
    labelled.store.apply([(c, moved((300.0 + c[1], 200.0))) for c in cells], "move", "Ann")
    update_cells(labelled, state, cells)
    for name, values in columns(load_state(labelled)).items():
        np.testing.assert_array_equal(values, columns(state)[name], err_msg=name)
    assert not np.array_equal(state.poses.points, before["Poses.points"], equal_nan=True)
    update_cells(labelled, state, labelled.store.undo())
    for name, values in columns(state).items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)


def test_an_accepted_proposal_keeps_the_solvers_point_to_the_bit(labelled):
    state = load_state(labelled)
    point = state.poses.points[5, 0].copy()
    x, y = state.labels.xy[5, 1, 0]
    kept = StoredLabel(x, y, 1, Status.ACCEPTED, Source.GEOMETRIC, None, "Ann")
    labelled.store.apply([((5, 1, 0), kept)], "accept", "Ann")
    update_cells(labelled, state, [(5, 1, 0)])
    assert state.labels.status[5, 1, 0] == Status.ACCEPTED
    assert state.decided[5, 1, 0]
    np.testing.assert_array_equal(state.poses.points[5, 0], point)


def test_writing_to_the_arrays_leaves_the_files_alone(labelled):
    proposals = Proposals.of(labelled)
    labels, _ = proposals.arrays()
    labels.xy[:] = -1
    again, _ = Proposals.of(labelled).arrays()
    assert not (again.xy == -1).any()


def test_the_next_best_naming_is_kept_with_the_run_and_survives_triangulation(labelled):
    for at, result in enumerate(labelled.store.runs()):
        labels, poses = read_result(labelled.result(result.key))
        numbers = np.full(labels.status.shape, at + 1, np.int16)
        numbers[:, :, 1] = 0
        write_result(labelled.result(result.key), labels, poses, numbers)
    newest = len(labelled.store.runs())
    for _ in range(2):
        proposals = Proposals.of(labelled)
        assert proposals.alternative(10, 0).tolist() == [newest] * 4
        assert proposals.alternative(2, 2).tolist() == [1] * 4
        assert proposals.alternative(10, 1).tolist() == [0] * 4
        run(triangulate_project(labelled))


def test_a_run_that_kept_no_alternatives_has_none(labelled):
    for result in labelled.store.runs():
        (labelled.result(result.key) / "alternative.npy").unlink()
    assert not Proposals.of(labelled).alternative(5, 0).any()
