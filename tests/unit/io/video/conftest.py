"""The torture set, made once per run."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def _load_torture():
    # By path: a package called ``tests`` of somebody else may be installed.
    if "torture" not in sys.modules:
        place = ROOT / "tests" / "fixtures" / "torture.py"
        spec = importlib.util.spec_from_file_location("torture", place)
        module = importlib.util.module_from_spec(spec)
        sys.modules["torture"] = module
        spec.loader.exec_module(module)
    return sys.modules["torture"]


@pytest.fixture(scope="session")
def torture():
    return _load_torture()


@pytest.fixture(scope="session")
def torture_set(torture, tmp_path_factory):
    return torture.make_set(tmp_path_factory.mktemp("torture"))


@pytest.fixture(scope="session")
def recordings():
    """Folder of other people's recordings."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real recordings of ../shared/data are not here")
    return folder
