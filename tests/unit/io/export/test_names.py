"""Safe names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.io.export.names import safe_name, unique_names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cam0", "cam0"),
        ("Cam é 1", "Cam-e-1"),
        ("trial.2026.avi", "trial-2026-avi"),
        ("../../etc", "etc"),
        ("マウス", "session"),
        ("", "session"),
        ("a/b\\c:d", "a-b-c-d"),
    ],
)
def test_safe_name(name, safe):
    assert safe_name(name, "session") == safe


def test_names_that_differ_in_case_are_told_apart_in_order():
    assert unique_names(["cam", "Cam", "CAM", "cam-2"]) == ["cam", "Cam-2", "CAM-3", "cam-2-2"]


@given(st.lists(st.text(max_size=8), max_size=12))
def test_results_are_portable_and_unique(names):
    result = unique_names(safe_name(name, "camera") for name in names)
    assert len({name.lower() for name in result}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,90}", name) for name in result)
