"""The command line as a person runs it, on the sample session."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.gui.behaving import behaved, behaved_copy  # noqa: F401
from tests.gui.fixtures import *  # noqa: F403 - windows for test_dock*.py

from napari_behaviorvlm.io.samples import six_view_mouse


class Shell:
    """Runs `behaviorvlm` in a process of its own."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *arguments, code=0, env=None):
        done = subprocess.run(
            [sys.executable, "-m", "napari_behaviorvlm.cli", *map(str, arguments)],
            cwd=self.folder, capture_output=True, text=True, timeout=280, check=False,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
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
            [sys.executable, "-m", "napari_behaviorvlm.cli", *map(str, arguments)],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


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
    """A labelled project of the sample session; copy it before changing it."""
    folder = tmp_path_factory.mktemp("labelled")
    shell = Shell(folder)
    shell(*new_arguments(sample, "mouse"))
    shell("detect", "mouse")
    shell("seed", "mouse", sample.seeds)
    shell("label", "mouse")
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
