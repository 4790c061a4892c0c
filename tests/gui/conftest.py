"""Tests in real windows; see `fixtures.py`, and `behaving.py` for those of behaviour."""

from tests.gui.behaving import behaved, behaved_copy, behaving  # noqa: F401
from tests.gui.fixtures import *  # noqa: F403 - pytest finds fixtures in a conftest
