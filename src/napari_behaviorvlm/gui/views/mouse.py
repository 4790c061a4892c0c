"""From mouse events on napari's canvas to clicks and drags in a camera's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari.layers import Image
    from napari.viewer import Viewer

LEFT, RIGHT, MIDDLE = 1, 2, 3
"""Mouse buttons."""

CLICK_SLACK = 4.0
"""Screen pixels that the mouse may move during a click."""

XY = tuple[float, float]


class OnClick(Protocol):
    """What is told of a click."""

    def __call__(
        self, camera: int, xy: XY, button: int, modifiers: tuple[str, ...],
        pixels_per_screen_pixel: float,
    ) -> None:  # fmt: skip
        """Take the news."""


class OnDrag(Protocol):
    """What is told while a label is dragged, and when it is let go."""

    def __call__(self, camera: int, xy: XY, finished: bool) -> None:
        """Take the news."""


class MayDrag(Protocol):
    """Whether a press at a place takes hold of something."""

    def __call__(self, camera: int, xy: XY, pixels_per_screen_pixel: float) -> bool:
        """Take the news."""


class OnHover(Protocol):
    """What is told when the mouse moves without a button."""

    def __call__(self, camera: int, xy: XY, pixels_per_screen_pixel: float) -> None:
        """Take the news."""


@dataclass(frozen=True)
class MouseActions:
    """Who is told what; see the Protocols."""

    on_click: OnClick
    on_drag: OnDrag
    may_drag: MayDrag
    on_hover: OnHover


class ViewMouse:
    """Listens to the mouse on a viewer's canvas until closed.

    A press that moves more than 4 screen pixels is napari's own: panning, or zooming with the
    right button. A double click is one click; napari's zooming by double click is put aside, as
    quick work on dots would set it off.

    Parameters
    ----------
    viewer : Viewer
    layers : sequence of Image
        One a camera, in the rig's order.
    actions : MouseActions
    """

    def __init__(self, viewer: Viewer, layers: Sequence[Image], actions: MouseActions) -> None:
        self._viewer, self._layers, self._actions = viewer, list(layers), actions
        self._double_clicks = list(viewer.mouse_double_click_callbacks)
        viewer.mouse_double_click_callbacks.clear()
        viewer.mouse_drag_callbacks.append(self._press)
        viewer.mouse_move_callbacks.append(self._move)

    def close(self) -> None:
        """Stop listening and give napari its double click back. May be called twice."""
        for callbacks, own in (
            (self._viewer.mouse_drag_callbacks, self._press),
            (self._viewer.mouse_move_callbacks, self._move),
        ):
            if own in callbacks:
                callbacks.remove(own)
        for callback in self._double_clicks:
            if callback not in self._viewer.mouse_double_click_callbacks:
                self._viewer.mouse_double_click_callbacks.append(callback)
        self._double_clicks = []

    def camera_at(self, box: tuple[int, int] | None) -> int | None:
        """Camera shown in a box of the grid; None where there is none of ours."""
        if box is None:
            return None
        inside = self._viewer.canvas.grid.contents_at(box, self._viewer.layers)
        for index in reversed(inside):
            layer = self._viewer.layers[index]
            if layer.visible and layer in self._layers:
                return self._layers.index(layer)
        return None

    def _press(self, viewer: Viewer, event: Any) -> Generator[None, None, None]:
        camera = self.camera_at(event.viewbox)
        if camera is None:
            return
        if viewer.layers.selection.active is not self._layers[camera]:
            viewer.layers.selection.active = self._layers[camera]
        start, button = np.array(event.pos, float), int(event.button)
        modifiers = tuple(str(getattr(key, "name", key)) for key in event.modifiers)
        xy, unit = self._xy(camera, event), self._unit(camera)
        holds = button == LEFT and self._actions.may_drag(camera, xy, unit)
        moved = False
        pans = viewer.scene.camera.mouse_pan
        try:
            if holds:
                viewer.scene.camera.mouse_pan = False
            yield
            while event.type == "mouse_move":
                moved = moved or self._is_far(event, start)
                if moved and holds:
                    self._actions.on_drag(camera, self._xy(camera, event), finished=False)
                yield
        finally:
            if holds:
                viewer.scene.camera.mouse_pan = pans
        # napari leaves out moves that follow each other quickly.
        if not (moved or self._is_far(event, start)):
            self._actions.on_click(camera, xy, button, modifiers, unit)
        elif holds:
            self._actions.on_drag(camera, self._xy(camera, event), finished=True)

    def _move(self, _viewer: Viewer, event: Any) -> None:
        camera = self.camera_at(event.viewbox)
        if camera is not None:
            self._actions.on_hover(camera, self._xy(camera, event), self._unit(camera))

    @staticmethod
    def _is_far(event: Any, start: Any) -> bool:
        return float(np.linalg.norm(np.asarray(event.pos, float) - start)) > CLICK_SLACK

    def _xy(self, camera: int, event: Any) -> XY:
        """Pixel of the frame, the centre of the top-left one at (0, 0)."""
        layer = self._layers[camera]
        at = (np.asarray(event.position[-2:]) - layer.translate[-2:]) / layer.scale[-2:]
        return float(at[1]), float(at[0])

    def _unit(self, camera: int) -> float:
        """Pixels of the frame per screen pixel."""
        return 1 / float(self._viewer.scene.camera.zoom * self._layers[camera].scale[-1])
