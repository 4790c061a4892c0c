"""A program: opens a behaviour folder in a real napari window and renames one bout after another.

Usage: python behavior_typist.py FOLDER. After each edit a line says in JSON which bout has which
name now. It never ends by itself; a test kills it.
"""

import json
import sys
from pathlib import Path

import napari

sys.path.insert(0, str(Path(__file__).parent))

from driving import press, settle, wait_until

from napari_behaviorvlm.gui.opening import open_behavior

EDIT = "edit: "
"""Beginning of our lines; napari writes to the same place."""


def main():
    viewer = napari.Viewer(title="typist")
    dock = open_behavior(Path(sys.argv[1]), viewer)
    wait_until(lambda: dock.page is not None, "the recording", 60)
    session = dock.session
    dock.page.focus_views()
    settle(300)

    def report(_):
        bout = session.current
        sys.stdout.write(f"{EDIT}{json.dumps([bout.id, bout.label])}\n")
        sys.stdout.flush()

    session.edited.connect(report)
    press(viewer, "Tab")
    while True:  # the digit gives the label that it stands for; Tab goes on, at the end down
        for digit in ("1", "2", "3"):
            press(viewer, digit)
        before = session.selection
        press(viewer, "Tab")
        if session.selection == before:
            press(viewer, "Down")


if __name__ == "__main__":
    main()
