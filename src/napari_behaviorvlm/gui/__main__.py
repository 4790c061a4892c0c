"""`python -m napari_behaviorvlm.gui PROJECT` opens napari on a project."""

import argparse
from pathlib import Path

from napari_behaviorvlm.gui.mosaic import project_layers


def show_project(folder: Path, frame: int = 0) -> None:
    """Open napari with a project's views and labels, and return when it is closed."""
    import napari

    viewer = napari.Viewer(title=f"{folder.name} - BehaviorVLM")
    for data, options, kind in project_layers(folder):
        getattr(viewer, f"add_{kind}")(data, **options)
    viewer.dims.set_current_step(0, frame)
    viewer.reset_view()
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
