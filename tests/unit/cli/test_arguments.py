import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from napari_behaviorvlm.cli.arguments import above_zero, count, frame_span, named_path, price
from napari_behaviorvlm.cli.commands import export
from napari_behaviorvlm.cli.output import Output
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import FORMATS


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3:7", range(3, 7)), (":2", range(2)), ("8:", range(8, 10)), ("4", range(4, 5)),
     ("5:99", range(5, 10))],
)  # fmt: skip
def test_frame_spans(text, expected):
    assert frame_span(text).within(10) == expected


@pytest.mark.parametrize("text", ["a:b", "7:3", "-1:4", "2:2", "1:2:3"])
def test_frame_spans_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError):
        frame_span(text)


def test_a_span_past_the_end_is_refused():
    with pytest.raises(ProjectError, match="recording has 10 frames"):
        FrameSpan(10).within(10)


def test_named_paths():
    assert named_path("cam 1=/a/b=c.mp4") == ("cam 1", Path("/a/b=c.mp4"))
    assert named_path("/a/top.mp4") == ("top", Path("/a/top.mp4"))
    with pytest.raises(argparse.ArgumentTypeError):
        named_path("=x.mp4")


@pytest.mark.parametrize(
    ("read", "text"),
    [(above_zero, "0"), (above_zero, "nan"), (above_zero, "-1"), (count, "-1"), (count, "1.5"),
     (price, "3"), (price, "3:x")],
)  # fmt: skip
def test_amounts_that_are_none(read, text):
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)


def test_amounts():
    assert above_zero("2.5") == 2.5
    assert count("0") == 0
    assert price("3:15") == (3, 15)


def test_json_mode_prints_one_object_and_nothing_else(capsys):
    output = Output(json_mode=True)
    output.say("hello")
    output.table([(1, 2.0)], ("a", "b"))
    output.result({"a": np.float64("nan"), "b": np.arange(2), "p": Path("x"), "t": (1, None)})
    output.flush()
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [0, 1], "p": "x", "t": [1, None]}


def test_follow_returns_what_the_workflow_returns():
    def steps():
        yield Progress(0, 2, "one")
        yield Progress(2, 2, "two")
        return 42

    assert Output(quiet=True).follow(steps(), "Testing") == 42


def test_numbers_stand_to_the_right(capsys):
    Output().table([("a", 1), ("bb", 22)], ("k", "n"))
    assert capsys.readouterr().out.splitlines() == ["k    n", "--  --", "a    1", "bb  22"]


def test_the_command_names_every_export_format():
    assert tuple(FORMATS) == export.FORMATS
