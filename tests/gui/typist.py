"""A program: opens a project in a real napari window and accepts one flagged label after another.

Usage: python typist.py PROJECT. After each edit a line says in JSON which cells it decided. It
never ends by itself; a test kills it.
"""

import json
import sys
from pathlib import Path

import napari

sys.path.insert(0, str(Path(__file__).parent))

from driving import focus_views, press, settle, wait_until

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.opening import open_project

EDIT = "edit: "
"""Beginning of our lines; napari writes to the same place."""


def main():
    viewer = napari.Viewer(title="typist")
    dock = open_project(Path(sys.argv[1]), viewer)
    session = dock.session
    wait_until(lambda: session.queue is not None, "the queue", 30)
    focus_views(viewer)
    settle(300)

    def report(change):
        decided = [
            [row, camera, keypoint]
            for row in change.rows for keypoint in change.keypoints
            for camera in range(len(session.rig))
            if session.labels.status[row, camera, keypoint] == Status.ACCEPTED
        ]  # fmt: skip
        sys.stdout.write(f"{EDIT}{json.dumps(decided)}\n")
        sys.stdout.flush()

    session.edited.connect(report)
    press(viewer, "Space")
    while True:  # Enter accepts, and goes on to the next flagged label
        press(viewer, "Return")


if __name__ == "__main__":
    main()
