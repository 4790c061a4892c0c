"""Running `behaviorvlm` in this process: what a command prints, and how it ends.

Starting Python and importing numpy, OpenCV and scipy anew takes longer than most commands do. Tests
of what a process alone can show (kill -9, the keyboard, a full disk, what C libraries print) start
one all the same.
"""

import contextlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from napari_behaviorvlm.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended; named as in `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def command_line(arguments: Sequence[object]) -> list[str]:
    """Command that starts a process of its own."""
    return [sys.executable, "-m", "napari_behaviorvlm.cli", *map(str, arguments)]


def run_here(arguments: Sequence[object], folder: Path, environ: Mapping[str, str]) -> Ended:
    """Run a command in a folder with exactly this environment."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder), mock.patch.dict(os.environ, environ, clear=True),
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
    ):  # fmt: skip
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())
