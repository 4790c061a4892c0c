"""`python -m napari_behaviorvlm.gui PROJECT` opens napari with the dock on a project."""

import argparse
from pathlib import Path

from napari_behaviorvlm.gui.opening import open_project


def show_project(folder: Path, frame: int = 0) -> None:
    """Open napari with the labelling dock on a project, and return when it is closed."""
    import napari

    viewer = napari.Viewer(title=f"{folder.name} - BehaviorVLM")
    dock = open_project(folder, viewer)
    if dock is not None and dock.session is not None:
        dock.session.go_to(frame)
    napari.run()


def main() -> None:
    """Read the arguments and show the project."""
    parser = argparse.ArgumentParser(prog="python -m napari_behaviorvlm.gui")
    parser.add_argument("project", type=Path)
    parser.add_argument("--frame", type=int, default=0)
    args = parser.parse_args()
    show_project(args.project, args.frame)


if __name__ == "__main__":
    main()
