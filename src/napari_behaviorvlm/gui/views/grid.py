"""The synchronised views on napari's canvas: pictures, marks, framing and the mouse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_behaviorvlm.gui.models.frame_marks import MarkOptions, ViewMarks, frame_marks
from napari_behaviorvlm.gui.models.framing import FloatArray, grid_shape
from napari_behaviorvlm.gui.napari_compat import (
    draw_within_box,
    no_thumbnail,
    pixel_ratio,
    replace_frames,
    slice_once,
)
from napari_behaviorvlm.gui.views.frames import Channel, FrameStack, PictureSource
from napari_behaviorvlm.gui.views.marks_overlay import MarkOverlays, nearest_mark
from napari_behaviorvlm.gui.views.mouse import XY, MouseActions, OnClick, OnDrag, OnHover, ViewMouse
from napari_behaviorvlm.gui.views.placing import Look, Placer, remember_fields
from napari_behaviorvlm.gui.views.sprites import LABEL_RADIUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image
    from napari.viewer import Viewer

AXES = ("frame", "y", "x")
REACH = 14.0
"""Screen pixels within which the mouse points at a mark."""

SPACING = 3
GRID_FIELDS = ("stride", "spacing", "shape", "enabled")


class ViewGrid:
    """All camera views of a session side by side, in step with its frame.

    Parameters
    ----------
    viewer : Viewer
        Its canvas shows the views until `close`.
    session : LabellingSession
    options : MarkOptions
        What is drawn.

    Attributes
    ----------
    on_click, on_drag, on_hover : callable or None
        Told of clicks, of the selected label being dragged, and of the mouse moving; see
        `views.mouse`.
    layers : tuple of Image
        One a camera, in the rig's order.
    changed : Signal
        Channel, focus, look or options changed.
    closed : Signal
        The views are gone, also when the person deleted a layer of theirs.
    """

    changed = Signal()
    closed = Signal()

    def __init__(self, viewer: Viewer, session: Any, options: MarkOptions | None = None) -> None:
        self.viewer, self.session = viewer, session
        self._options = options or MarkOptions()
        self.on_click: OnClick | None = None
        self.on_drag: OnDrag | None = None
        self.on_hover: OnHover | None = None
        self._source = PictureSource(session.project)
        self._channel = self._source.channels[0]
        self._proposals: FloatArray | None = None
        self._focus: int | None = None
        self._tones = [(0.0, 0.0)] * len(session.rig)
        self._undo: list[Callable[[], None]] = []
        self._closing = False
        self.layers = self._add_layers()
        self._marks = MarkOverlays(
            self.layers, session.rig.names, session.skeleton, pixel_ratio(viewer)
        )
        sizes = np.array([self._source.sizes[name] for name in session.rig.names], float)
        self._sizes = sizes
        self._placer = Placer(viewer, self.layers, session, sizes)
        self._mouse = ViewMouse(viewer, self.layers, MouseActions(
            self._clicked, self._dragged, self._may_drag, self._hovered
        ))  # fmt: skip
        self._undo.append(remember_fields(viewer.canvas.grid, GRID_FIELDS))
        self._arrange()
        self._undo.append(slice_once(viewer))
        self._connect()
        self._apply_tones()
        self._placer.enter(Look.PICTURE)
        self._wake()

    # What is shown -----------------------------------------------------------------------------

    @property
    def options(self) -> MarkOptions:
        """What is drawn."""
        return self._options

    @options.setter
    def options(self, options: MarkOptions) -> None:
        self._options = options
        self.redraw()
        self.changed.emit()

    def switch(self, what: str, *, on: bool) -> None:
        """Draw a kind of mark or not; ``what`` is a field of `MarkOptions`."""
        self.options = replace(self._options, **{what: on})

    @property
    def marks(self) -> list[ViewMarks]:
        """Marks that are drawn at present, by camera."""
        return self._marks.marks

    def propose(self, proposals: FloatArray | None) -> None:
        """Draw what seeding proposes, shape (C, K, 2) with NaN for nothing; None for nothing."""
        self._proposals = proposals
        self.redraw()

    def redraw(self, *_: object) -> None:
        """Draw the marks of the frame anew; the pictures stay."""
        options = self._options
        # Over whole pictures epipolar lines are clutter; close to a keypoint they decide.
        if self._placer.look is not Look.KEYPOINT and self._proposals is None:
            options = replace(options, guides=False)
        marks = frame_marks(self.session, self.session.frame, options, proposals=self._proposals)
        self._marks.show(marks, self._zoom, all_names=self._options.names)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels that this session can show."""
        return self._source.channels

    @property
    def channel(self) -> Channel:
        """Channel that is shown."""
        return self._channel

    @channel.setter
    def channel(self, channel: Channel) -> None:
        self._channel = Channel(channel)
        for name, layer in zip(self.session.rig.names, self.layers, strict=True):
            stack = FrameStack(self._source, name, self._channel)
            replace_frames(self.viewer, layer, stack, rgb=stack.ndim == 4)
        self._apply_tones()
        self.changed.emit()

    @property
    def problems(self) -> dict[str, str]:
        """Why views are dark, in a sentence by camera name."""
        return self._source.problems

    # Brightness --------------------------------------------------------------------------------

    def tone(self, camera: int) -> tuple[float, float]:
        """Brightness and contrast of a view, each -1 to 1 and 0 as recorded."""
        return self._tones[camera]

    def set_tone(self, brightness: float, contrast: float, camera: int | None = None) -> None:
        """Set brightness and contrast of a view, or of all; each -1 to 1, 0 as recorded."""
        for at in range(len(self.layers)) if camera is None else (camera,):
            self._tones[at] = (brightness, contrast)
            self._apply_tone(at)

    def _apply_tones(self) -> None:
        for camera in range(len(self.layers)):
            self._apply_tone(camera)

    def _apply_tone(self, camera: int) -> None:
        layer, name = self.layers[camera], self.session.rig.names[camera]
        brightness, contrast = self._tones[camera]
        black, white = self._source.black_and_white(name, self._channel)
        half = 0.5 * (white - black) * 4.0**-contrast
        middle = 0.5 * (black + white) - 0.5 * brightness * (white - black)
        limits = (middle - half, middle + half)
        if layer.rgb:
            if layer.data.tone != limits:
                layer.data.tone = limits
                layer.refresh(extent=False)
        else:
            layer.contrast_limits_range = (min(limits[0], 0.0), max(limits[1], 255.0))
            layer.contrast_limits = limits

    # Framing -----------------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """What is in the middle of every view: the picture, the animal or the keypoint."""
        return self._placer.look

    def fit(self) -> None:
        """Show the whole pictures."""
        self._enter(Look.PICTURE)

    def follow(self, *, on: bool = True) -> None:
        """Keep the animal in the middle of every view, equally large in all."""
        self._enter(Look.ANIMAL if on else Look.PICTURE)

    def zoom_to_keypoint(self) -> None:
        """Zoom all views to the selected keypoint, and stay with it."""
        self._enter(Look.KEYPOINT)

    def unzoom(self) -> None:
        """Go back to what was seen before zooming to the keypoint."""
        self._placer.leave_keypoint()
        self.redraw()
        self.changed.emit()

    def _enter(self, look: Look) -> None:
        self._placer.enter(look)
        self.redraw()
        self.changed.emit()

    @property
    def focused(self) -> int | None:
        """Camera that alone is shown, None for all."""
        return self._focus

    def focus(self, camera: int | None) -> None:
        """Show one view alone, or all (None)."""
        if camera == self._focus:
            return
        self._focus = camera
        with self.viewer.layers.batched_update():
            for at, layer in enumerate(self.layers):
                layer.visible = camera is None or at == camera
            self._arrange()
        self._placer.enter(self._placer.look)
        self._redraw_zoomed()
        self.changed.emit()

    def close(self) -> None:
        """Remove the views and leave the viewer as it was. May be called twice."""
        if self._closing:
            return
        self._closing = True
        self._mouse.close()
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        for layer in self.layers:
            with suppress(ValueError):
                self.viewer.layers.remove(layer)
        self._source.close()
        self.closed.emit()

    # Making it ---------------------------------------------------------------------------------

    def _add_layers(self) -> tuple[Image, ...]:
        made = []
        # napari shows the frame in the middle of a new layer first: not worth decoding.
        self._source.asleep = True
        for name in self.session.rig.names:
            stack = FrameStack(self._source, name, self._channel)
            layer = self.viewer.add_image(
                stack, name=name, rgb=stack.ndim == 4, contrast_limits=(0, 255), multiscale=False,
                colormap="gray", interpolation2d="linear", projection_mode="none", axis_labels=AXES,
            )  # fmt: skip
            self._undo.append(no_thumbnail(layer))
            draw_within_box(self.viewer, layer)
            made.append(layer)
        return tuple(made)

    def _wake(self) -> None:
        self._source.asleep = False
        frame = self.session.frame
        if self._slider == frame:
            for layer in self.layers:
                layer.refresh(extent=False)
        self._show_frame()

    def _arrange(self) -> None:
        """Lay the boxes out so that pictures come out largest."""
        grid = self.viewer.canvas.grid
        shown = sum(layer.visible for layer in self.viewer.layers)
        height, width = self.viewer.canvas.size
        shape = grid_shape(max(shown, 1), (width, height), tuple(self._sizes.max(axis=0)))
        for field, value in zip(GRID_FIELDS, (1, SPACING, shape, True), strict=True):
            if getattr(grid, field) != value:
                setattr(grid, field, value)

    def _connect(self) -> None:
        session, viewer = self.session, self.viewer
        for signal, slot in (
            (session.frame_changed, self._show_frame),
            (session.selection_changed, self._on_selection),
            (session.edited, self._on_edited),
            (session.queue_changed, self.redraw),
            (session.reloaded, self.redraw),
            (session.arrived, self._on_arrived),
            (viewer.dims.events.current_step, self._on_slider),
            (viewer.dims.events.ndisplay, self._stay_flat),
            (viewer.scene.camera.events.zoom, self._on_zoom),
            (viewer.canvas.events.size, self._on_size),
            (viewer.layers.events.removed, self._on_removed),
        ):
            signal.connect(slot)
            self._undo.append(lambda signal=signal, slot=slot: signal.disconnect(slot))

    # In step -----------------------------------------------------------------------------------

    @property
    def _zoom(self) -> float:
        return float(self.viewer.scene.camera.zoom)

    @property
    def _axis(self) -> int:
        return int(self.viewer.dims.ndim) - 3

    @property
    def _slider(self) -> int:
        """Frame that napari's slider is at."""
        return int(self.viewer.dims.current_step[self._axis])

    def _show_frame(self, *_: object) -> None:
        frame = self.session.frame
        if self._placer.look is not Look.PICTURE:
            self._placer.refresh()
        if self._slider != frame:
            self.viewer.dims.set_current_step(self._axis, frame)
        self._marks.caption = self._caption(frame)
        self.redraw()

    def _caption(self, frame: int) -> str:
        caption = f"frame {frame} / {self.session.n_frames - 1}"
        fps = self.session.fps
        if not fps:
            return caption
        minutes, seconds = divmod(frame / fps, 60)
        return f"{caption}   {int(minutes)}:{seconds:06.3f}"

    def _on_slider(self, *_: object) -> None:
        if len(self.viewer.layers) and self._axis >= 0:
            self.session.go_to(self._slider)

    def _on_selection(self, *_: object) -> None:
        if self._placer.look is Look.KEYPOINT:
            self._placer.recentre()
        self.redraw()

    def _on_arrived(self, rows: tuple[int, ...]) -> None:
        if self.session.frame in rows:
            self.redraw()

    def _on_edited(self, change: Any) -> None:
        """Draw an edit; the views stay where they are, so that nothing jumps under the mouse."""
        if self.session.frame in change.rows and self.session.queue is None:
            self.redraw()  # else the queue, which changes next, asks for it

    def _on_zoom(self, *_: object) -> None:
        self._redraw_zoomed()

    def _redraw_zoomed(self) -> None:
        """Place the writing anew; where marks lie is the graphics card's business."""
        self._marks.redraw(self._zoom, all_names=self._options.names)

    def _on_size(self, *_: object) -> None:
        self._arrange()
        self._placer.resized()

    def _stay_flat(self, *_: object) -> None:
        """Refuse 3D: frames are no volume, and reading them all would fill the memory."""
        if self.viewer.dims.ndisplay != 2:
            self.viewer.dims.ndisplay = 2
            self.session.said.emit("The camera views are flat pictures; 3D has its own view.")

    def _on_removed(self, event: Any) -> None:
        if not self._closing and event.value in self.layers:
            self.close()

    # The mouse ---------------------------------------------------------------------------------

    def _clicked(
        self, camera: int, xy: XY, button: int, modifiers: tuple[str, ...],
        pixels_per_screen_pixel: float,
    ) -> None:  # fmt: skip
        if self.on_click is not None:
            self.on_click(camera, xy, button, modifiers, pixels_per_screen_pixel)

    def _may_drag(self, camera: int, xy: XY, pixels_per_screen_pixel: float) -> bool:
        if self.on_drag is None:
            return False
        marks = self._marks.marks[camera]
        place = marks.labels[marks.keypoints == marks.selected]
        reach = (LABEL_RADIUS + 2) * pixels_per_screen_pixel
        return bool(len(place)) and float(np.linalg.norm(place[0] - xy)) <= reach

    def _dragged(self, camera: int, xy: XY, finished: bool) -> None:
        self._marks.move_selected(camera, xy, self._zoom, all_names=self._options.names)
        if self.on_drag is not None:
            self.on_drag(camera, xy, finished)

    def _hovered(self, camera: int, xy: XY, pixels_per_screen_pixel: float) -> None:
        if self.on_hover is not None:
            self.on_hover(camera, xy, pixels_per_screen_pixel)
        marks = self._marks.marks[camera]
        pointed = nearest_mark(marks, xy, REACH * pixels_per_screen_pixel)
        self._marks.point_at(camera, pointed, self._zoom, all_names=self._options.names)
