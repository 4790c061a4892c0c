"""The house rules that a reader relies on, checked."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    "torch", "anthropic", "cv2", "sleap_io", "tables", "pandas", "plotly", "napari", "qtpy",
    "scipy", "skimage", "av", "numba", "pyarrow", "pynwb", "ndx_pose", "h5py", "sklearn",
    "pydantic",
}  # fmt: skip


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_go_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import napari_behaviorvlm") & HEAVY


def test_help_loads_nothing_heavy():
    code = "from napari_behaviorvlm.cli.main import build_parser; build_parser().format_help()"
    assert not modules_after(code) & HEAVY


def test_help_of_every_command_loads_nothing_heavy():
    code = (
        "import contextlib, io\n"
        "from napari_behaviorvlm.cli.commands import COMMANDS\n"
        "from napari_behaviorvlm.cli.main import main\n"
        "for name in [[], *([command.NAME] for command in COMMANDS), ['behavior', 'run']]:\n"
        "    out = io.StringIO()\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(out):\n"
        "        main([*name, '--help'])\n"
        "    assert out.getvalue().startswith('usage'), name\n"
    )
    assert not modules_after(code) & HEAVY


def test_loading_the_whole_command_line_without_qt():
    code = "import napari_behaviorvlm.workflows.demo, napari_behaviorvlm.workflows.label"
    assert not modules_after(code) & {"napari", "qtpy", "PyQt5", "torch", "anthropic"}


def test_no_qt_binding_in_the_base_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = " ".join(project["dependencies"]).lower()
    assert not any(name in base for name in ("pyqt5", "pyqt6", "pyside", "napari[", "torch"))
    assert {"pyqt5", "pyqt6", "behavior", "all", "test", "docs"} <= set(
        project["optional-dependencies"]
    )


def test_the_manifest_is_valid_and_its_targets_exist():
    npe2 = pytest.importorskip("npe2")
    manifest = npe2.PluginManifest.from_file(ROOT / "src/napari_behaviorvlm/napari.yaml")
    for command in manifest.contributions.commands:
        module, _, function = command.python_name.partition(":")
        assert hasattr(__import__(module, fromlist=[function]), function)
