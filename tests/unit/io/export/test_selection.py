"""Which labels leave."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.io.export.selection import (
    Visibility,
    point_source,
    point_status,
    select,
    visibility_of,
)


def _labels(status: np.ndarray) -> Labels:
    labels = Labels.empty(np.arange(len(status)), status.shape[1], status.shape[2])
    labels.status[:] = status
    labels.xy[:] = 1.0
    return labels


def test_accepted_takes_what_a_person_stands_behind(session):
    selection = select(session, "accepted")
    expected = np.isin(session.labels.status, (Status.ACCEPTED, Status.CORRECTED))
    np.testing.assert_array_equal(selection.positions, expected)
    assert selection.visibility[0, 0].tolist() == [
        Visibility.VISIBLE, Visibility.REJECTED, Visibility.OCCLUDED, Visibility.VISIBLE,
    ]  # fmt: skip
    assert selection.visibility[0, 1, 2] == Visibility.OUT_OF_VIEW
    assert selection.visibility[0, 1, 3] == Visibility.UNCONFIRMED, "no person called it occluded"
    assert selection.visibility[1, 0, 1] == Visibility.UNCONFIRMED
    assert selection.visibility[1, 0, 3] == Visibility.UNLABELLED
    assert selection.frames_of(1).tolist() == [0, 1]


def test_all_adds_proposals_but_never_the_rejected(session):
    selection = select(session, "all")
    assert selection.positions[2, 1].all()
    assert selection.positions[1, 0, 1]
    assert not selection.positions[0, 0, 1]
    assert selection.visibility[0, 1, 3] == Visibility.OCCLUDED


def test_accepted_without_position_is_not_exported(session):
    session.labels.xy[0, 0, 0, 1] = np.nan
    assert not select(session, "accepted").positions[0, 0, 0]


def test_nothing_accepted_says_what_to_do(session):
    accepted = np.isin(session.labels.status, (Status.ACCEPTED, Status.CORRECTED))
    session.labels.status[accepted] = Status.PROPOSED
    with pytest.raises(ExportError, match=r"review some or pass --only all"):
        select(session, "accepted")
    session.labels.status[:] = Status.REJECTED
    with pytest.raises(ExportError, match="no labels to export"):
        select(session, "all")


def test_points_follow_their_frames_not_their_rows(session):
    poses = session.poses
    keep = [1, 2]
    fewer = replace(
        poses,
        **{name: getattr(poses, name)[keep] for name in vars(poses)},
    )
    selection = select(replace(session, poses=fewer), "all")
    assert selection.pose_rows.tolist() == [-1, 0, 1]
    assert np.isnan(selection.points[0]).all()
    np.testing.assert_array_equal(selection.points[2], poses.points[2])


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ([2, 2, 1], Status.ACCEPTED),
        ([2, 3, 1], Status.CORRECTED),
        ([2, 1, 1], Status.PROPOSED),
        ([3, 0, 0], Status.PROPOSED),
        ([2, 2, 1, 1], Status.ACCEPTED),
        ([2, 2, 1, 1, 1], Status.PROPOSED),
        ([5, 4, 0], Status.OCCLUDED),
        ([5, 6, 0], Status.OUT_OF_VIEW),
        ([0, 0], Status.UNLABELLED),
        ([5, 0], Status.REJECTED),
    ],
)
def test_point_status(views, expected):
    assert point_status(_labels(np.array(views)[None, :, None])) == expected


def test_point_source_counts_views_with_a_position():
    labels = _labels(np.array([[[2], [2], [1], [4]]]))
    labels.source[0, :, 0] = [Source.VLM, Source.GEOMETRIC, Source.VLM, Source.HUMAN]
    assert point_source(labels) == Source.VLM
    labels.source[0, 1, 0] = Source.HUMAN
    assert point_source(labels) == Source.HUMAN
    labels.status[:] = Status.OCCLUDED
    assert point_source(labels) == Source.HUMAN


@given(
    hnp.arrays(np.uint8, (4, 3, 2), elements=st.integers(0, 6)),
    hnp.arrays(np.uint8, (4, 3, 2), elements=st.integers(0, 4)),
)
def test_all_contains_accepted_and_cells_have_one_reason(status, source):
    labels = _labels(status)
    labels.source[:] = source
    accepted = np.isin(status, (2, 3))
    every = np.isin(status, (1, 2, 3))
    for only, positions in (("accepted", accepted), ("all", every)):
        visibility = visibility_of(labels, positions, only)
        np.testing.assert_array_equal(visibility == Visibility.VISIBLE, positions)
        np.testing.assert_array_equal(visibility == Visibility.UNLABELLED, status == 0)
        np.testing.assert_array_equal(visibility == Visibility.REJECTED, status == 5)
