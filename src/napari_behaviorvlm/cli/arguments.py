"""Arguments that several commands share."""

import argparse
from pathlib import Path

from napari_behaviorvlm.core.frames import FrameSpan


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the PROJECT argument."""
    parser.add_argument("project", metavar="PROJECT", type=Path, help="project folder")


def add_frames(parser: argparse.ArgumentParser) -> None:
    """Add ``--frames A:B``."""
    parser.add_argument(
        "--frames", metavar="A:B", type=frame_span, default=FrameSpan(),
        help="only frames A to B-1 (frames count from 0; either end may be left out)",
    )  # fmt: skip


def frame_span(text: str) -> FrameSpan:
    """Read ``A:B``, ``A:``, ``:B`` or a single frame number."""
    start, colon, end = text.partition(":")
    try:
        first = int(start) if start else 0
        last = (int(end) if end else None) if colon else first + 1
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A:B") from None
    if first < 0 or (last is not None and last <= first):
        raise argparse.ArgumentTypeError(f"{text!r} holds no frames")
    return FrameSpan(first, last)


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def named_path(text: str) -> tuple[str, Path]:
    """Read ``CAM=PATH``; without ``CAM=`` the file's stem is the camera's name."""
    name, equals, path = text.partition("=")
    if not equals:
        return Path(text).stem, Path(text)
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form CAMERA=PATH")
    return name, Path(path)
