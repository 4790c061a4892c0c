"""The video of a recording on napari's canvas, with the animals and what they do drawn over it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from psygnal import Signal

from napari_behaviorvlm.core.label_looks import LOOKS
from napari_behaviorvlm.gui.models.body_marks import BodyMarks, body_marks, nearest_animal
from napari_behaviorvlm.gui.models.palette import readable, rgb
from napari_behaviorvlm.gui.models.text_lines import apart
from napari_behaviorvlm.gui.models.time_window import clock
from napari_behaviorvlm.gui.napari_compat import (
    add_marks_overlay,
    no_thumbnail,
    on_canvas_resized,
    pixel_ratio,
    remove_marks_overlay,
    slice_once,
)
from napari_behaviorvlm.gui.views.frames import FrameStack
from napari_behaviorvlm.gui.views.sprite_visual import Quads, line_quads, pinned, sprite_quads
from napari_behaviorvlm.gui.views.sprites import SpriteAtlas
from napari_behaviorvlm.gui.views.video_source import VIDEO, VideoSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_behaviorvlm.core.bouts import Bout
    from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession

BODIES = "behaviorvlm_bodies"
"""Key of our overlay among a layer's overlays."""

AXES = ("frame", "y", "x")
REACH = 8.0
_HEADING = (9.0, 15.0)
_LINE_HEIGHT = 16.0
_LETTER = 4.0
"""Half the width of a letter, screen pixels."""

_CROSS = 3.5
"""Half the size of a keypoint's cross, screen pixels."""

_LONGEST, _LONGEST_WORDS = 34, 64
"""Letters of a label and of a caption that stand beside an animal."""


class _Line(NamedTuple):
    """A line of text below an animal; `down` is its distance from the centre, screen pixels."""

    mark: BodyMarks
    bout: Bout | None
    down: float
    words: str


class BehaviorView:
    """Video, tracks and captions of a session, in step with its frame.

    Where the labelling dock shows the same camera already, its picture is used, with its time and
    poses.

    Parameters
    ----------
    viewer : Viewer
    session : BehaviorSession
    source : VideoSource or None
        None where there is no video, or the labelling dock shows it.
    layer : Image, optional
        Of the labelling dock.
    """

    closed = Signal()

    def __init__(
        self, viewer: Viewer, session: BehaviorSession, source: VideoSource | None,
        layer: Image | None = None,
    ) -> None:  # fmt: skip
        self.viewer, self.session = viewer, session
        self._source, self._own = source, layer is None
        self._closing = False
        self._fitted: tuple[float, ...] = ()
        self._undo: list[Callable[[], None]] = []
        self.shown = {"bodies": True, "poses": True, "captions": True, "trails": True}
        self.marks: list[BodyMarks] = []
        self._atlas = SpriteAtlas(pixel_ratio(viewer))
        self.layer = layer if layer is not None else self._add_layer()
        self._overlay = add_marks_overlay(self.layer, BODIES)
        self._undo.append(lambda: remove_marks_overlay(self.layer, BODIES))
        self._connect()
        if self._own:
            self._undo += [slice_once(viewer), on_canvas_resized(viewer, self._refit)]
            self.fit()
        viewer.mouse_drag_callbacks.append(self._press)
        self._show_frame()

    def switch(self, what: str, *, on: bool) -> None:
        """Draw bodies, poses, captions or trails, or not."""
        self.shown[what] = on
        self.redraw()

    def fit(self) -> None:
        """Show the whole picture."""
        self.viewer.reset_view()
        self._fitted = self._seen

    @property
    def _seen(self) -> tuple[float, ...]:
        camera = self.viewer.scene.camera
        return (float(camera.zoom), *(float(at) for at in camera.center))

    def _refit(self, *_: object) -> None:
        """Keep the whole picture in sight, unless a person looks at a part of it."""
        if not self._closing and self._seen == self._fitted:
            self.fit()

    def close(self) -> None:
        """Leave the viewer as it was; may be called twice."""
        if self._closing:
            return
        self._closing = True
        with suppress(ValueError):
            self.viewer.mouse_drag_callbacks.remove(self._press)
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        if self._own:
            with suppress(ValueError):
                self.viewer.layers.remove(self.layer)
        if self._source is not None:
            self._source.close()
        self.closed.emit()

    # Making it ---------------------------------------------------------------------------------

    def _add_layer(self) -> Image:
        source = self._source
        assert source is not None
        source.asleep = True  # napari shows the frame in the middle first: not worth decoding
        stack = FrameStack(source, VIDEO, source.channel)
        layer: Image = self.viewer.add_image(
            stack, name=self.session.recording.name, rgb=stack.ndim == 4, contrast_limits=(0, 255),
            multiscale=False, colormap="gray", interpolation2d="linear", projection_mode="none",
            axis_labels=AXES,
        )  # fmt: skip
        self._undo.append(no_thumbnail(layer))
        source.asleep = False
        return layer

    def _connect(self) -> None:
        session, viewer = self.session, self.viewer
        links: list[tuple[Any, Callable[..., None]]] = [
            (session.frame_changed, self._show_frame),
            (session.selection_changed, self.redraw),
            (session.edited, self.redraw),
            (session.reloaded, self.redraw),
            (session.reworded, self.redraw),
            (session.posed, self.redraw),
            (viewer.dims.events.current_step, self._on_slider),
            (viewer.scene.camera.events.zoom, self.redraw),
            (viewer.layers.events.removed, self._on_removed),
        ]
        for signal, slot in links:
            signal.connect(slot)
            self._undo.append(lambda signal=signal, slot=slot: signal.disconnect(slot))  # type: ignore[misc]

    # In step -----------------------------------------------------------------------------------

    @property
    def _axis(self) -> int:
        return int(self.viewer.dims.ndim) - 3

    def _show_frame(self, *_: object) -> None:
        frame = self.session.frame
        if self._axis >= 0 and int(self.viewer.dims.current_step[self._axis]) != frame:
            self.viewer.dims.set_current_step(self._axis, frame)
        elif self._own:
            self.layer.refresh(extent=False)
        self.redraw()

    def _on_slider(self, *_: object) -> None:
        if len(self.viewer.layers) and self._axis >= 0:
            self.session.go_to(int(self.viewer.dims.current_step[self._axis]))

    def _on_removed(self, event: Any) -> None:
        if not self._closing and event.value is self.layer:
            self.close()

    # Drawing -----------------------------------------------------------------------------------

    def redraw(self, *_: object) -> None:
        """Draw the marks of the current frame."""
        if self._closing:
            return
        session = self.session
        bodies = session.content.bodies
        self.marks = [] if bodies is None else body_marks(bodies, session.frame)
        current = session.current
        quads = [self._heading()] if self._own else []
        lines: list[_Line] = []
        for mark in self.marks:
            bout = session.told_at(mark.animal, session.frame)
            chosen = current is not None and current.animal == session.animals[mark.animal]
            quads += self._animal(mark, bout, chosen=chosen)
            lines += self._captions(mark, bout, chosen=chosen)
        quads += self._texts(lines if self.shown["captions"] else [])
        self._overlay.show(self._atlas.sprites, Quads.join(quads))

    def _heading(self) -> Quads:
        session = self.session
        seconds = clock(session.frame / session.fps, 0.1)
        return self._written(f"frame {session.frame} / {session.n_frames - 1}    {seconds}",
                             (1, 1, 1, 1))  # fmt: skip

    def _written(self, words: str, colour: Any) -> Quads:
        index, x = self._atlas.line(words)
        shift = np.stack([x + _HEADING[0], np.full(len(x), _HEADING[1])], axis=1)
        corner = np.zeros((len(index), 2))
        sprites = self._atlas.sprites
        return pinned(sprite_quads(sprites, index, corner, np.array(colour), shift=shift))

    def _animal(self, mark: BodyMarks, bout: Bout | None, *, chosen: bool) -> list[Quads]:
        colour = self._colour(bout)
        quads = []
        if self.shown["trails"]:
            quads.append(line_quads(mark.trail, np.array([*colour, 0.55]), 2.0))
        poses = self._poses(mark.animal) if self.shown["poses"] else None
        if self.shown["bodies"]:
            width = 2.6 if chosen else 1.4
            quads.append(line_quads(mark.outline, np.array([*colour, 0.9]), width))
            if poses is None:
                quads.append(line_quads(mark.lines, np.array([*colour, 1.0]), width + 0.6))
        if poses is not None:
            quads += [
                line_quads(lines, np.array([*ink, 1.0]), width)
                for lines, ink, width in ((poses[0], colour, 1.2), (poses[1], (1.0, 1.0, 1.0), 1.6))
            ]
        return quads

    def _poses(self, animal: int) -> tuple[Any, Any] | None:
        """Lines of an animal's skeleton and a small cross at each keypoint; None without poses."""
        poses, frame = self.session.poses, self.session.frame
        if not self._own:  # the labelling dock draws its own marks
            return None
        points = np.zeros((0, 2)) if poses is None else poses.points(frame, animal)
        if poses is None or not len(points):
            return None
        reach = _CROSS / max(self._zoom, 1e-6)
        arms = np.array([[[-reach, 0.0], [reach, 0.0]], [[0.0, -reach], [0.0, reach]]])
        crosses = (points[:, None, None] + arms).reshape(-1, 2, 2)
        return poses.lines(frame, animal), crosses

    @property
    def _zoom(self) -> float:
        """Screen pixels per pixel of the frame."""
        return float(self.viewer.scene.camera.zoom) * float(self.layer.scale[-1])

    def _colour(self, bout: Bout | None) -> tuple[float, float, float]:
        if bout is None:
            return (0.9, 0.9, 0.9)
        return rgb(LOOKS[self.session.look_of(bout)].colour)

    def _captions(
        self, mark: BodyMarks, bout: Bout | None, *, chosen: bool
    ) -> Iterator[_Line]:  # fmt: skip
        """Name and label below an animal; of the chosen one its words, too."""
        words = self.session.animals[mark.animal]
        if bout is not None and bout.label:
            words += f": {bout.label}"
        if mark.touching:
            words += " (touching)"
        down = mark.radius * self._zoom * 0.55 + _LINE_HEIGHT
        yield _Line(mark, bout, down, _short(words, _LONGEST))
        if chosen and bout is not None and bout.description:
            below = down + _LINE_HEIGHT
            yield _Line(mark, bout, below, _short(bout.description, _LONGEST_WORDS))

    def _texts(self, lines: list[_Line]) -> list[Quads]:
        """Write lines below their animals, none over another."""
        letters = [self._atlas.line(line.words) for line in lines]
        places = [line.mark.centre * self._zoom for line in lines]
        shifts = [x - (x.max() + x.min()) / 2 for _, x in letters]
        spans = [
            (x.min() + at[0] - _LETTER, x.max() + at[0] + _LETTER, at[1] + line.down)
            for line, x, at in zip(lines, shifts, places, strict=True)
        ]
        heights = apart(spans, _LINE_HEIGHT)
        quads = []
        for line, (index, _), x, at, y in zip(lines, letters, shifts, places, heights, strict=True):
            shift = np.stack([x, np.full(len(x), y - at[1])], axis=1)
            place = np.repeat(line.mark.centre[None], len(index), axis=0)
            ink = np.array([*readable(np.array([self._colour(line.bout)]))[0], 1.0])
            quads.append(sprite_quads(self._atlas.sprites, index, place, ink, shift=shift))
        return quads

    # The mouse ---------------------------------------------------------------------------------

    def _press(self, _viewer: Viewer, event: Any) -> Any:
        """Choose the bout of the animal that is clicked, unless the picture is moved."""
        start = np.array(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.linalg.norm(np.asarray(event.pos, float) - start) > 4 or int(event.button) != 1:
            return
        at = np.asarray(event.position[-2:]) - self.layer.translate[-2:]
        y, x = at / self.layer.scale[-2:]
        animal = nearest_animal(self.marks, (float(x), float(y)), REACH / max(self._zoom, 1e-6))
        if animal is not None:
            bout = self.session.bout_at(animal, self.session.frame)
            if bout is not None:
                self.session.select(bout.id)


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
