"""Opening napari on a project from the command line."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def display_available() -> bool:
    """Tell whether a window can be opened: a display and a Qt binding are there."""
    has_binding = any(find_spec(name) for name in ("PyQt5", "PyQt6", "PySide6"))
    has_display = sys.platform in {"win32", "darwin"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_binding and has_display


def show_project(folder: Path, frame: int = 0) -> None:
    """Open napari with a project's views and labels, and return when it is closed."""
    import napari

    from napari_behaviorvlm.gui.mosaic import project_layers

    viewer = napari.Viewer(title=f"{folder.name} - BehaviorVLM")
    for data, options, kind in project_layers(folder):
        getattr(viewer, f"add_{kind}")(data, **options)
    viewer.dims.set_current_step(0, frame)
    viewer.reset_view()
    napari.run()
