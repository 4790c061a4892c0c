"""What scripts that photograph a dock share: a display of their own, and a window on it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
SCREEN = (1920, 1080)
SMALL_SCREEN = (1366, 768)
PLACE = "BEHAVIORVLM_SHOOTING"


def on_own_display(script: str, shoot: Callable[[Path], None]) -> None:
    """Start a script again on a display of its own, or take the pictures if this is that start."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images").absolute()
    if PLACE not in os.environ:
        screen = f"-screen 0 {SCREEN[0]}x{SCREEN[1]}x24"
        again = ["xvfb-run", "-a", "-s", screen, sys.executable, script, str(out)]
        with tempfile.TemporaryDirectory() as folder:
            own = {PLACE: folder, "BEHAVIORVLM_SAMPLE_FOLDER": f"{folder}/samples",
                   "XDG_CONFIG_HOME": folder, "NAPARI_CONFIG": f"{folder}/napari.yaml",
                   "HOME": folder, "LOGNAME": "Ann"}  # fmt: skip
            sys.exit(subprocess.run(again, env={**os.environ, **own}, check=False).returncode)
    # A package of that name lies in some environments, so ours is named by hand.
    sys.modules["tests"] = ModuleType("tests")
    sys.modules["tests"].__path__ = [str(ROOT / "tests")]
    sys.path.insert(0, str(ROOT))
    out.mkdir(parents=True, exist_ok=True)
    shoot(out)


class Window:
    """A napari window, and pictures of it.

    Parameters
    ----------
    out : Path
        Where pictures go.
    prefix : str
        Of their names.
    title : str
        Of the window.
    """

    def __init__(self, out: Path, prefix: str, title: str) -> None:
        import napari

        self.out, self.prefix = out, prefix
        self.viewer: Any = napari.Viewer(title=title)
        self.place(SCREEN)

    def place(self, size: tuple[int, int]) -> None:
        """Make the window as large as a screen of this size."""
        self.size = size
        self.viewer.window._qt_window.setGeometry(0, 0, *size)
        self.settle()

    def settle(self, milliseconds: int = 600) -> None:
        """Let everything be drawn."""
        from tests.gui.driving import settle

        settle(milliseconds)

    def grab(self) -> Image.Image:
        """Take the screen, dialogs included; napari's own notices are closed before."""
        from qtpy.QtWidgets import QApplication

        for widget in QApplication.allWidgets():
            if type(widget).__name__ == "NapariQtNotification":
                widget.close()
        self.viewer.window._qt_viewer.canvas.native.repaint()
        QApplication.processEvents()
        shot = QApplication.primaryScreen().grabWindow(0, 0, 0, *self.size)
        path = Path(os.environ[PLACE]) / "screen.png"
        shot.save(str(path))
        with Image.open(path) as picture:
            return picture.convert("RGB")

    def save(self, name: str, picture: Image.Image | None = None) -> None:
        """Write a picture as small as it can be without visible loss."""
        picture = picture or self.grab()
        few_colours(picture).save(self.out / f"{self.prefix}{name}.png", optimize=True)


def few_colours(picture: Image.Image) -> Image.Image:
    """Reduce a picture to 256 colours; those of marks are as many as the greys of the videos."""
    pixels = np.asarray(picture).reshape(-1, 3)
    strong = pixels[np.ptp(pixels, axis=1) > 16]
    own = Image.fromarray(strong[None]).quantize(176, method=Image.Quantize.MAXCOVERAGE)
    greys = np.repeat(np.linspace(0, 255, 80).astype(np.uint8), 3)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*own.getpalette()[: 176 * 3], *greys.tolist()])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
