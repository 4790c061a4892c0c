"""One vispy visual for all marks of a view: small pictures and lines of constant size on screen.

Every mark is a rectangle of four vertices; all of a view are drawn in one call. Where they lie and
how they are turned is computed on the graphics card, so that panning and zooming cost nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

VERTEX = np.dtype(
    [
        ("a_from", np.float32, 2),
        ("a_to", np.float32, 2),
        ("a_shift", np.float32, 4),
        ("a_corner", np.float32, 2),
        ("a_tex", np.float32, 2),
        ("a_color", np.float32, 4),
        ("a_width", np.float32),
    ]
)

_CORNERS = np.array([[0, -1], [1, -1], [1, 1], [0, 1]], np.float32)
_TRIANGLES = np.array([0, 1, 2, 0, 2, 3], np.uint32)

_VERTEX_SHADER = """
attribute vec2 a_from;
attribute vec2 a_to;
attribute vec4 a_shift;
attribute vec2 a_corner;
attribute vec2 a_tex;
attribute vec4 a_color;
attribute float a_width;
uniform vec4 u_box;
varying vec2 v_tex;
varying vec4 v_color;
varying float v_across;
varying float v_width;

vec2 on_canvas(vec2 pixel) {
    vec4 mapped = $to_canvas(vec4(pixel, 0.0, 1.0));
    return mapped.xy / mapped.w;
}

void main() {
    vec2 place = on_canvas(a_from);
    v_across = 0.0;
    if (a_width > 0.0) {
        vec2 start = place + a_shift.xy;
        vec2 end = on_canvas(a_to) + a_shift.zw;
        vec2 along = end - start;
        float size = length(along);
        along = size > 1e-4 ? along / size : vec2(1.0, 0.0);
        v_across = a_corner.y * (0.5 * a_width + 2.0);
        place = mix(start, end, a_corner.x) + v_across * vec2(-along.y, along.x);
    } else if (a_width < 0.0) {
        // Fixed to the view's box instead of to the picture.
        place = floor(u_box.xy + a_from * u_box.zw + 0.5) + a_shift.xy;
    } else {
        // Whole pixels keep writing sharp.
        place = floor(place * $ratio + 0.5) / $ratio + a_shift.xy;
    }
    v_tex = a_tex;
    v_color = a_color;
    v_width = a_width;
    gl_Position = $to_render(vec4(place, 0.0, 1.0));
}
"""

_FRAGMENT_SHADER = """
uniform sampler2D u_atlas;
varying vec2 v_tex;
varying vec4 v_color;
varying float v_across;
varying float v_width;

void main() {
    if (v_width > 0.0) {
        // The line and around it a dark edge, so that it is seen on bright fur.
        float inner = clamp(0.5 * v_width + 0.5 - abs(v_across), 0.0, 1.0);
        float outer = clamp(0.5 * v_width + 1.5 - abs(v_across), 0.0, 1.0);
        float alpha = max(inner, 0.55 * outer) * v_color.a;
        gl_FragColor = vec4(v_color.rgb * inner * v_color.a, alpha);
    } else {
        // Red is where the sprite takes the colour, green where it is white; both premultiplied.
        vec4 sprite = texture2D(u_atlas, v_tex);
        vec3 color = v_color.rgb * sprite.r + vec3(sprite.g);
        gl_FragColor = vec4(color, sprite.a) * v_color.a;
    }
}
"""


@dataclass(frozen=True, eq=False)
class Sprites:
    """A picture with all sprites, and where each of them is.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 4)
        Red: share of the mark's colour; green: share of white; alpha: cover (premultiplied).
    boxes : ndarray, shape (n, 4)
        Left, top, right and bottom of each sprite in the image, 0 to 1.
    sizes : ndarray, shape (n, 2)
        Width and height on the screen.
    ratio : float
        Device pixels per screen pixel that the image was drawn for.
    revision : int
        Changes whenever the image does.
    """

    image: NDArray[np.uint8]
    boxes: FloatArray
    sizes: FloatArray
    ratio: float
    revision: int


@dataclass(frozen=True, eq=False)
class Quads:
    """Vertices of everything to be drawn in a view, four a mark, in drawing order."""

    vertices: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.vertices) // 4

    @classmethod
    def join(cls, parts: "list[Quads]") -> "Quads":
        """Put several after each other; the last is drawn on top."""
        arrays = [part.vertices for part in parts if len(part.vertices)]
        return cls(np.concatenate(arrays) if arrays else np.zeros(0, VERTEX))


def _empty(count: int) -> NDArray[np.void]:
    vertices = np.zeros((count, 4), VERTEX)
    vertices["a_corner"] = _CORNERS
    return vertices


def sprite_quads(
    sprites: Sprites, index: NDArray[np.intp], xy: NDArray[Any], color: NDArray[Any],
    *, shift: NDArray[Any] | None = None, size: float = 1.0,
) -> Quads:  # fmt: skip
    """Sprites at positions of the picture.

    Parameters
    ----------
    sprites : Sprites
    index : ndarray of int, shape (n,)
        Which sprites.
    xy : ndarray, shape (n, 2)
        Pixels of the frame.
    color : ndarray, shape (n, 4) or (4,)
        RGB and opacity, 0 to 1.
    shift : ndarray, shape (n, 2), optional
        Where the sprite's middle lies relative to the position, screen pixels.
    size : float
        How much larger or smaller than drawn.
    """
    vertices = _empty(len(index))
    box, extent = sprites.boxes[index], size * sprites.sizes[index]
    corner = np.stack([_CORNERS[:, 0], (_CORNERS[:, 1] + 1) / 2], axis=1)
    vertices["a_from"] = xy[:, None]
    vertices["a_tex"] = box[:, None, :2] + corner * (box[:, None, 2:] - box[:, None, :2])
    offset = (corner - 0.5) * extent[:, None]
    if shift is not None:
        # Rounded, as the positions are: a sprite between two pixels is blurred.
        offset = offset + np.round(shift * sprites.ratio)[:, None] / sprites.ratio
    vertices["a_shift"][..., :2] = offset
    vertices["a_color"] = np.broadcast_to(color, (len(index), 4))[:, None]
    return Quads(vertices.reshape(-1))


def pinned(quads: Quads) -> Quads:
    """Pin sprites to the box of their view instead of to the picture.

    Their positions then are shares of the box: (0, 0) is its top left corner, (1, 1) the bottom
    right one.
    """
    quads.vertices["a_width"] = -1
    return quads


def line_quads(
    ends: NDArray[Any], color: NDArray[Any], width: float, shift: NDArray[Any] | None = None
) -> Quads:
    """Lines between positions of the picture.

    Parameters
    ----------
    ends : ndarray, shape (n, 2, 2)
        Both ends, pixels of the frame.
    color : ndarray, shape (n, 4) or (4,)
        RGB and opacity, 0 to 1.
    width : float
        Screen pixels.
    shift : ndarray, shape (n, 2, 2), optional
        Where the ends lie relative to their positions, screen pixels.
    """
    vertices = _empty(len(ends))
    vertices["a_from"], vertices["a_to"] = ends[:, None, 0], ends[:, None, 1]
    if shift is not None:
        vertices["a_shift"] = shift.reshape(-1, 1, 4)
    vertices["a_color"] = np.broadcast_to(color, (len(ends), 4))[:, None]
    vertices["a_width"] = width
    return Quads(vertices.reshape(-1))


@cache
def _visual_class() -> type[Any]:
    from vispy import gloo
    from vispy.visuals import Visual

    class SpriteVisual(Visual):  # type: ignore[misc]
        """Draws `Quads`."""

        def __init__(self) -> None:
            super().__init__(vcode=_VERTEX_SHADER, fcode=_FRAGMENT_SHADER)
            self._vertices = gloo.VertexBuffer(np.zeros(4, VERTEX))
            self._texture = gloo.Texture2D(
                np.zeros((1, 1, 4), np.uint8), interpolation="linear", internalformat="rgba8"
            )
            self._revision, self._count = -1, 0
            self._index_buffer = gloo.IndexBuffer()
            self._draw_mode = "triangles"
            self.shared_program.bind(self._vertices)
            self.shared_program["u_atlas"] = self._texture
            self.shared_program["u_box"] = (0.0, 0.0, 1.0, 1.0)
            self.shared_program.vert["ratio"] = 1.0
            self.set_gl_state(
                depth_test=False, cull_face=False, blend=True,
                blend_func=("one", "one_minus_src_alpha"),
            )  # fmt: skip
            self.freeze()

        def show(self, sprites: Sprites, quads: Quads) -> None:
            """Draw these from now on."""
            if sprites.revision != self._revision:
                self._texture.set_data(sprites.image)
                self.shared_program.vert["ratio"] = float(sprites.ratio)
                self._revision = sprites.revision
            if len(quads):
                self._vertices.set_data(quads.vertices)
            if len(quads) != self._count:
                corners = 4 * np.arange(len(quads), dtype=np.uint32)[:, None] + _TRIANGLES
                self._index_buffer.set_data(corners.reshape(-1))
                self._count = len(quads)
            self.update()

        def _prepare_transforms(self, view: Any) -> None:
            view.view_program.vert["to_canvas"] = view.get_transform("visual", "canvas")
            view.view_program.vert["to_render"] = view.get_transform("canvas", "render")

        def _prepare_draw(self, view: Any) -> bool:  # noqa: ARG002 - vispy's signature
            return self._count > 0

        def _compute_bounds(self, axis: int, view: Any) -> None:
            """Leave marks out when the scene is measured."""

    return SpriteVisual


@cache
def _node_class() -> type[Any]:
    from vispy.scene.visuals import create_visual_node

    class SpriteNode(create_visual_node(_visual_class())):  # type: ignore[misc]
        """The visual in napari's scene: it knows its view's box and stays within it."""

        _placed: tuple[float, ...] = ()

        def _update_trsys(self, event: Any) -> None:
            super()._update_trsys(event)
            _inherit_clipping(self, _above(self))

        def _prepare_draw(self, view: Any) -> bool:
            placed = box_on_canvas(self)
            if placed is not None and placed != self._placed:
                self._placed = placed
                self.shared_program["u_box"] = placed
            return bool(super()._prepare_draw(view))

        def draw(self) -> None:
            with within_box(self):
                super().draw()

    return SpriteNode


def box_on_canvas(node: Any) -> tuple[float, float, float, float] | None:
    """Left, top, width and height of the view's box a node is in, pixels of the canvas."""
    from vispy.scene import ViewBox

    while node is not None and not isinstance(node, ViewBox):
        node = node.parent
    if node is None:
        return None
    left, top = node.get_transform("visual", "canvas").map((0, 0))[:2]
    return float(left), float(top), float(node.rect.width), float(node.rect.height)


@contextmanager
def within_box(node: Any) -> Iterator[None]:
    """Let the graphics card skip what lies outside a node's box.

    vispy computes every pixel of a picture and throws away those outside; six pictures zoomed to
    the size of the canvas are then drawn on all of it six times.
    """
    from vispy import gloo

    canvas, box = node.canvas, box_on_canvas(node)
    if canvas is None or box is None or canvas._fb_stack:  # drawn into a picture: leave it
        yield
        return
    ratio, height = canvas.pixel_scale, canvas.physical_size[1]
    left, top, wide, high = (round(ratio * value) for value in box)
    gloo.set_state(scissor_test=True)
    gloo.set_scissor(left, height - top - high, wide, high)
    try:
        yield
    finally:
        gloo.set_state(scissor_test=False)


def _above(node: Any) -> list[Any]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _inherit_clipping(node: Any, above: list[Any]) -> None:
    """Take over the clipping of the boxes above a node.

    vispy does so when a node gets its parent, but napari moves the picture, which is the parent,
    from box to box.
    """
    wanted = {other: other.clipper for other in above if other.clip_children}
    for other in [other for other in node._clippers if other not in wanted]:
        node._set_clipper(other, None)
    for other, clipper in wanted.items():
        if node._clippers.get(other) is not clipper:
            node._set_clipper(other, clipper)


def sprite_node() -> Any:
    """Make an empty node for a vispy scene; fill it with ``show(sprites, quads)``."""
    return _node_class()()
