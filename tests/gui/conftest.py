"""Tests in real windows; see `fixtures.py`."""

from tests.gui.fixtures import *  # noqa: F403 - pytest finds fixtures in a conftest
