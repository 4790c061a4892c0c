"""Everything of napari that is private or differs between its versions, in one place.

Written against napari 0.9.2. When napari moves something, this is the file to mend.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from napari.layers import Image, Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_behaviorvlm.gui.views.sprite_visual import Quads, Sprites

MARKS = "behaviorvlm_marks"
"""Key of our overlay among a layer's overlays."""


@cache
def marks_overlay_class() -> type[Any]:
    """Class of the overlay that draws marks over a layer, known to napari's canvas.

    napari makes a visual for every overlay of a layer from a table of classes; ours is entered
    there once. The visual hangs below the layer's image, so that its coordinates are pixels of the
    frame and it goes wherever the layer goes.
    """
    from napari._vispy.overlays.base import LayerOverlayMixin, VispySceneOverlay
    from napari._vispy.utils.visual import overlay_to_visual
    from napari.components.overlays import SceneOverlay
    from pydantic import PrivateAttr

    class MarksOverlay(SceneOverlay):  # type: ignore[misc]
        """Quads to be drawn; `revision` counts their changes."""

        revision: int = 0
        _quads: Quads | None = PrivateAttr(default=None)
        _sprites: Sprites | None = PrivateAttr(default=None)

        def show(self, sprites: Sprites, quads: Quads) -> None:
            """Draw these from now on."""
            self._sprites, self._quads = sprites, quads
            self.revision += 1

    class VispyMarksOverlay(LayerOverlayMixin, VispySceneOverlay):  # type: ignore[misc]
        """Hands the overlay's quads to the visual."""

        def __init__(self, **options: Any) -> None:
            from napari_behaviorvlm.gui.views.sprite_visual import sprite_node

            super().__init__(node=sprite_node(), **options)
            self.overlay.events.revision.connect(self._on_revision)
            self.reset()
            self._on_revision()

        def _on_revision(self) -> None:
            if self.overlay._quads is not None:
                self.node.show(self.overlay._sprites, self.overlay._quads)

        def _on_blending_change(self) -> None:
            """Keep the visual's own blending: its colours are premultiplied."""

        def close(self) -> None:
            self.overlay.events.revision.disconnect(self._on_revision)
            super().close()

    overlay_to_visual[MarksOverlay] = VispyMarksOverlay
    return MarksOverlay


def add_marks_overlay(layer: Layer, key: str = MARKS) -> Any:
    """Put an empty marks overlay on a layer and return it; it has `show(sprites, quads)`."""
    overlay = marks_overlay_class()(visible=True)
    layer._overlays[key] = overlay
    return overlay


def remove_marks_overlay(layer: Layer, key: str) -> None:
    """Take a marks overlay from a layer that stays."""
    layer._overlays.pop(key, None)


def place_layer(viewer: Viewer, layer: Layer, scale: float, translate: NDArray[np.float64]) -> None:
    """Place a picture in the world without slicing its data anew.

    Setting ``layer.scale`` and ``layer.translate`` reads the frame again each time and computes
    the ranges of all sliders; neither depends on where the picture lies.

    Parameters
    ----------
    viewer : Viewer
    layer : Layer
        With axes frame, y, x.
    scale : float
        World units per pixel.
    translate : ndarray, shape (2,)
        World position (x, y) of the centre of the first pixel.
    """
    events = layer.events
    with layer._block_refresh():
        if layer.scale[-1] != scale:
            with events.scale.blocker():
                layer.scale = (1, scale, scale)
        with events.translate.blocker(viewer._on_layers_change):
            layer.translate = (0, translate[1], translate[0])


def replace_frames(viewer: Viewer, layer: Image, stack: Any, *, rgb: bool) -> None:
    """Swap the frames behind an image layer, which may change between grey and colour.

    napari lays down at its creation whether a layer has colour, but reads it only when slicing.
    The sliders stay as they are: the new frames are as many and as large as the old ones.
    """
    with layer._block_refresh(), layer.events.data.blocker(viewer._on_layers_change):
        layer.rgb = rgb
        layer.data = stack
    layer.refresh(extent=False)


def draw_within_box(viewer: Viewer, layer: Layer) -> None:
    """Draw a picture in its own box only; see `within_box`."""
    from napari_behaviorvlm.gui.views.sprite_visual import within_box

    if getattr(viewer, "window", None) is None:
        return
    node = viewer.window._qt_viewer.canvas.layer_to_visual[layer].node
    draw = node.draw

    def draw_clipped() -> None:
        with within_box(node):
            draw()

    node.unfreeze()
    node.draw = draw_clipped
    node.freeze()


def slice_once(viewer: Viewer) -> Callable[[], None]:
    """Spare the layers the second of two slicings at each frame; returns what brings it back.

    napari slices when the point changes and again when the slider's step does, which is the same.
    """
    event = viewer.dims.events.current_step
    event.disconnect(viewer._update_layers)

    def restore() -> None:
        event.connect(viewer._update_layers)

    return restore


def no_thumbnail(layer: Image) -> Callable[[], None]:
    """Spare a layer its thumbnail at each frame; returns what brings it back."""
    layer._update_thumbnail = _nothing

    def restore() -> None:
        layer.__dict__.pop("_update_thumbnail", None)

    return restore


def _nothing() -> None:
    pass


def pixel_ratio(viewer: Viewer) -> float:
    """Device pixels per screen pixel of the window; 1 where there is no window."""
    window = getattr(viewer, "window", None)
    if window is None:
        return 1.0
    return float(window._qt_window.devicePixelRatioF())


def box_size(viewer: Viewer) -> tuple[float, float]:
    """Width and height of one view's box on the canvas, in screen pixels."""
    height, width = viewer.canvas.viewbox_size(viewer.layers)
    return float(width), float(height)


def canvas_widget(viewer: Viewer) -> Any:
    """Return the Qt widget that is drawn on, for focus, shortcuts and tests."""
    return viewer.window._qt_viewer.canvas.native


def canvas_position(
    viewer: Viewer, box: tuple[int, int], world: tuple[float, float]
) -> tuple[float, float]:
    """Where a point of the world (x, y) is drawn in a box, in pixels of the canvas widget."""
    canvas = viewer.window._qt_viewer.canvas
    view = canvas.grid[box] if viewer.canvas.grid.enabled else canvas.view
    mapped = (view.transform * view.scene.transform).map([*world, 0, 1])
    return float(mapped[0] / mapped[3]), float(mapped[1] / mapped[3])


def main_window(viewer: Viewer) -> Any:
    """Return napari's window (QMainWindow)."""
    return viewer.window._qt_window


def views_area(viewer: Viewer) -> Any:
    """Return the widget that holds the canvas and the frame slider."""
    return viewer.window._qt_viewer


def hide_layer_docks(viewer: Viewer) -> Callable[[], None]:
    """Hide napari's layer list and controls; returns what shows those again that were shown."""
    docks = (views_area(viewer).dockLayerList, views_area(viewer).dockLayerControls)
    shown = [dock for dock in docks if dock.isVisible()]
    for dock in shown:
        dock.hide()

    def restore() -> None:
        for dock in shown:
            dock.show()

    return restore


def keep_right_docks_tall(viewer: Viewer) -> Callable[[], None]:
    """Let docks at the bottom end where the right ones begin; returns what undoes that."""
    from qtpy.QtCore import Qt

    window, corner = main_window(viewer), Qt.Corner.BottomRightCorner
    before = window.corner(corner)
    window.setCorner(corner, Qt.DockWidgetArea.RightDockWidgetArea)

    def restore() -> None:
        window.setCorner(corner, before)

    return restore


def set_dock_heights(viewer: Viewer, docks: list[Any], heights: list[int]) -> None:
    """Make docks at the bottom so many pixels high, if the window allows; all must be there."""
    from qtpy.QtCore import Qt

    main_window(viewer).resizeDocks(docks, heights, Qt.Orientation.Vertical)


def on_canvas_resized(viewer: Viewer, call: Callable[..., None]) -> Callable[[], None]:
    """Call something whenever the canvas has another size; returns what ends that."""
    event = viewer.window._qt_viewer.canvas._scene_canvas.events.resize
    event.connect(call, position="last")

    def end() -> None:
        event.disconnect(call)

    return end


def place_under(viewer: Viewer, upper: Any, dock: Any, beside: list[Any]) -> None:
    """Put a dock at the bottom below another one, in tabs with those that are there already."""
    from qtpy.QtCore import Qt

    window = main_window(viewer)
    if beside:
        window.tabifyDockWidget(beside[-1], dock)
        dock.raise_()
    else:
        window.splitDockWidget(upper, dock, Qt.Orientation.Vertical)


def join_docks(viewer: Viewer, first: Any, second: Any) -> None:
    """Put the docks of two widgets into tabs; the second one is in front."""
    from qtpy.QtWidgets import QDockWidget

    def holder(widget: Any) -> Any:
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        return widget

    docks = [holder(widget) for widget in (first, second)]
    if all(dock is not None and not dock.isFloating() for dock in docks):
        main_window(viewer).tabifyDockWidget(*docks)
        docks[1].raise_()


CALM = 12
"""Per cent of its speed at which the sign of work going on turns."""


def calm_activity(viewer: Viewer) -> None:
    """Let napari's sign that work goes on turn slowly.

    Each of its pictures lets the whole window be drawn, the canvas included, which takes as much
    processor time as the work itself where no graphics card draws.
    """
    dialog = main_window(viewer)._activity_dialog
    dialog._toggleButton._inProgressIndicator.movie().setSpeed(CALM)
