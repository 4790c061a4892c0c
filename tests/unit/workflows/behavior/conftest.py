"""A behaviour folder of two films, made once by the real pipeline."""

import pytest
from tests.fixtures.filmed_mice import behaved, copied, mice, write_video

from napari_behaviorvlm.io.behavior_folder import BehaviorFolder


@pytest.fixture(scope="session")
def behaved_folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("behaved")
    pictures = mice(160)
    videos = [write_video(place / "day 1.mp4", pictures),
              write_video(place / "Tag-ü.mp4", pictures[40:140])]  # fmt: skip
    return behaved(place / "mice.behavior", videos)


@pytest.fixture
def place(behaved_folder, tmp_path):
    """A private copy."""
    return copied(behaved_folder, tmp_path / "mice.behavior")


@pytest.fixture
def folder(place):
    with BehaviorFolder.open(place) as opened:
        yield opened
