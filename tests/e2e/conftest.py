"""The command line as a person runs it, on the sample session."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.commands import command_line, run_here
from tests.gui.behaving import behaved, behaved_copy  # noqa: F401
from tests.gui.fixtures import *  # noqa: F403 - windows for test_dock*.py

from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.workflows.sample import make_sample_project


class Shell:
    """Runs `behaviorvlm` in a folder, in this process or in one of its own."""

    def __init__(self, folder: Path, *, own_process: bool = False):
        self.folder = folder
        self.own_process = own_process

    def __call__(self, *arguments, code=0):
        if self.own_process:
            done = subprocess.run(
                command_line(arguments), cwd=self.folder, capture_output=True, text=True,
                timeout=280, check=False,
            )  # fmt: skip
        else:
            done = run_here(arguments, self.folder, os.environ)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def fails(self, *arguments, code=1):
        """One clear sentence and nothing else; returns it."""
        done = self(*arguments, code=code)
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert "Traceback" not in done.stderr
        return lines[0]

    def start(self, *arguments):
        return subprocess.Popen(
            command_line(arguments), cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


@pytest.fixture
def process(tmp_path):
    """A shell whose commands have processes of their own."""
    return Shell(tmp_path, own_process=True)


@pytest.fixture(scope="session")
def sample():
    return six_view_mouse()


def new_arguments(sample, project, **replaced):
    """Arguments of `new` for the sample session; videos by camera name may be replaced."""
    videos = {**sample.videos("reflectance"), **replaced}
    dots = sample.videos("fluorescence")
    return [
        "new", project, "--calibration", sample.calibration, "--skeleton", sample.skeleton,
        "--video", *(f"{name}={path}" for name, path in videos.items()),
        "--fluorescence", *(f"{name}={path}" for name, path in dots.items()),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def labelled_project(sample, tmp_path_factory):
    """A labelled project of the sample session; copy it before changing it.

    Its dots are those that come with the sample; the demo's test finds them anew.
    """
    folder = tmp_path_factory.mktemp("labelled")
    make_sample_project(folder / "mouse", sample)
    Shell(folder)("label", "mouse")
    return folder / "mouse"


@pytest.fixture
def project(labelled_project, sample, tmp_path):
    """A private copy of the labelled project, beside its videos as before."""
    copy = tmp_path / labelled_project.name
    shutil.copytree(labelled_project, copy)
    config = (copy / "project.toml").read_text()
    for channel in ("reflectance", "fluorescence"):
        for path in sample.videos(channel).values():
            old = os.path.relpath(path, labelled_project)
            config = config.replace(Path(old).as_posix(), Path(path).as_posix())
    (copy / "project.toml").write_text(config)
    return copy
