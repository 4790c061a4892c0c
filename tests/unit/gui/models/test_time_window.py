"""Frames and pixels of a timeline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.gui.models.time_window import TimeWindow, clock, tick_step


@given(st.integers(1, 100_000), st.floats(0.05, 4), st.floats(84, 1000), st.floats(-3000, 3000))
def test_windows_stay_within_the_recording(n_frames, factor, x, pixels):
    window = TimeWindow.whole(n_frames, 84, 900).zoomed(factor, x).panned(pixels)
    assert window.first >= -0.5 - 1e-6
    assert window.last <= n_frames - 0.5 + 1e-6
    assert window.frames >= min(20, n_frames) - 1e-6
    assert 0 <= window.frame(x) < n_frames


@given(st.floats(84, 984), st.floats(0.2, 0.9))
def test_zooming_keeps_what_is_under_the_mouse(x, factor):
    window = TimeWindow.whole(5000, 84, 900)
    closer = window.zoomed(factor, x)
    at = window.first + (x - 84) / window.scale
    assert closer.x(at) == pytest.approx(x, abs=1e-6)


@given(st.integers(0, 4999), st.integers(0, 400))
def test_a_stretch_is_brought_into_view(start, length):
    end = min(start + length, 4999)
    window = TimeWindow.whole(5000, 84, 900).zoomed(0.02, 500).showing(start, end)
    assert window.first <= start
    assert end <= window.last


def test_a_frame_lies_under_its_pixels():
    window = TimeWindow(100, -0.5, 99.5, 84, 1000)
    assert window.edges(3, 4) == (pytest.approx(84 + 30), pytest.approx(84 + 50))
    assert [window.frame(x) for x in (84, 93.9, 94.1, 5000)] == [0, 0, 1, 99]


@pytest.mark.parametrize(("seconds", "step", "text"), [
    (7, 1, "0:07"), (750, 60, "12:30"), (3750, 60, "1:02:30"), (7.25, 0.2, "0:07.2"),
    (59.96, 0.1, "1:00.0"),
])  # fmt: skip
def test_clock(seconds, step, text):
    assert clock(seconds, step) == text


def test_ticks_are_apart():
    for seconds_per_pixel in (0.0005, 0.01, 0.3, 4.0, 30.0):
        step = tick_step(seconds_per_pixel)
        assert step / seconds_per_pixel >= 90
