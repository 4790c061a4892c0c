"""Opening napari from the command line: as a process of its own, since `cli` knows no Qt."""

import os
import subprocess
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


def open_window(project: Path, frame: int = 0) -> int:
    """Show a project in napari until its window is closed; return napari's exit code."""
    command = [sys.executable, "-m", "napari_behaviorvlm.gui", str(project), "--frame", str(frame)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module
