"""Twelve seconds of the three mice with what a run leaves of them, made once for all tests."""

import shutil
from itertools import islice
from pathlib import Path

import av
import pytest
from tests.gui.fixtures import finish

from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.samples import three_mice
from napari_behaviorvlm.workflows.behavior.run import BehaviorRequest, run_behavior
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest
from napari_behaviorvlm.workflows.behavior.sources import Sources, open_sources

FRAMES = 300
CLUSTERS = 8
VIDEO, POSES, FOLDER = "mice.mp4", "poses.csv", "mice.behavior"


def cut_sample(place: Path) -> None:
    """Write the first seconds of the three mice and of their poses."""
    sample = three_mice()
    with av.open(str(sample.video)) as whole, av.open(str(place / VIDEO), "w") as part:
        source = whole.streams.video[0]
        stream = part.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for frame in islice(whole.decode(source), FRAMES):
            grey = av.VideoFrame.from_ndarray(frame.to_ndarray(format="gray"), "gray")
            part.mux(stream.encode(grey.reformat(format="yuv420p")))
        part.mux(stream.encode())
    lines = sample.poses.read_text().splitlines(keepends=True)
    (place / POSES).write_text("".join(lines[: 4 + FRAMES]))


@pytest.fixture(scope="session")
def behaved(tmp_path_factory):
    """A folder with the video, its poses, and the behaviour folder of a run."""
    place = tmp_path_factory.mktemp("behaved")
    cut_sample(place)
    request = BehaviorRequest(SegmentRequest(method="kmeans", n_clusters=CLUSTERS))
    sources = Sources((place / VIDEO,), poses=(place / POSES,), folder=place / FOLDER)
    with open_sources(sources) as folder:
        finish(run_behavior(folder, request))
    return place


@pytest.fixture
def behaved_copy(behaved, tmp_path):
    """A private copy of that folder."""
    return shutil.copytree(behaved, tmp_path / "behaved")


@pytest.fixture
def behaving(behaved_copy):
    """A session on the copy, and the commands on its bouts; no window is open."""
    with BehaviorFolder.open(behaved_copy / FOLDER) as folder:
        session = BehaviorSession(folder, folder.recordings[0], author="tester")
        flow = BoutFlow(session)
        yield session, flow
        flow.close()
