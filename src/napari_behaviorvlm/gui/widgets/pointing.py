"""The mouse on the views leads to commands."""

from typing import Any

from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.views.grid import REACH
from napari_behaviorvlm.gui.views.mouse import LEFT, MIDDLE, RIGHT, XY

SNAP = 9.0
"""Screen pixels within which a label that is let go jumps to a dot."""


class Pointing:
    """Hands clicks, drags and the mouse's place from the views to the label flow.

    Parameters
    ----------
    grid : ViewGrid
    flow : LabelFlow
    """

    def __init__(self, grid: Any, flow: LabelFlow) -> None:
        self._grid, self._flow = grid, flow
        self._pixel = 1.0  # pixels of the picture per screen pixel, as last seen
        grid.on_click, grid.on_drag, grid.on_hover = self.click, self.drag, self.hover

    def close(self) -> None:
        """Let go of the views."""
        self._grid.on_click = self._grid.on_drag = self._grid.on_hover = None

    def click(
        self, camera: int, xy: XY, button: int, modifiers: tuple[str, ...],
        pixels_per_screen_pixel: float,
    ) -> None:  # fmt: skip
        """Do what a click means."""
        self._pixel = pixels_per_screen_pixel
        reach = REACH * pixels_per_screen_pixel
        if button == LEFT:
            self._flow.click(camera, xy, reach, modifiers)
        elif button == RIGHT:
            self._flow.right_click(camera, xy, reach)
        elif button == MIDDLE:
            self._flow.pick(camera, xy, reach)

    def drag(self, camera: int, xy: XY, finished: bool) -> None:
        """Move the selected label once it is let go."""
        if finished:
            keypoint = self._flow.session.selection.keypoint
            self._flow.drop(camera, keypoint, xy, SNAP * self._pixel)

    def hover(self, camera: int, xy: XY, pixels_per_screen_pixel: float) -> None:
        """Remember which view the mouse is in: numbers typed are its dots."""
        self._pixel = pixels_per_screen_pixel
        self._flow.hover(camera, xy, REACH * pixels_per_screen_pixel)
