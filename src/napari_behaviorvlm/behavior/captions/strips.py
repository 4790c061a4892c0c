"""Pictures of a clip for a model: its frames in order, in one picture, the animal marked.

Frames stand in the recording's own orientation: rotated ones are misread, and where walls, water
or others are is lost. One window holds the animal during the whole clip, so that movement can be
seen as movement; a small overview shows where that window lies and which way the animal went.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.vlm.marks import Colour, Picture
from napari_behaviorvlm.vlm.picture_map import Box, PictureMap
from napari_behaviorvlm.vlm.pictures import cut, encode
from napari_behaviorvlm.vlm.request import Image
from napari_behaviorvlm.vlm.tokens import ImageLimits

FloatArray = NDArray[np.float64]
ReadFrame = Callable[[int], NDArray[np.generic]]
"""Picture of a frame, (H, W) or (H, W, 3)."""

VERSION = "strips-1"


@dataclass(frozen=True)
class StripStyle:
    """How strips are drawn; colours are RGB.

    Parameters
    ----------
    rate : float
        Frames shown per second of the recording.
    most : int
        Frames in a strip; longer clips are sampled evenly.
    tile : int
        Side of one frame in the strip, px.
    margin : float
        Body lengths around the animal's way that are shown as well.
    overview : int
        Longer side of the overview, px.
    focus, others, ink, plate : (int, int, int)
        Of the animal that is asked about, of the others, and of the small texts.
    """

    rate: float = 10.0
    most: int = 24
    tile: int = 256
    margin: float = 1.0
    overview: int = 512
    focus: Colour = (255, 220, 0)
    others: Colour = (120, 200, 255)
    ink: Colour = (0, 0, 0)
    plate: Colour = (255, 255, 255)

    @property
    def words(self) -> str:
        """Style as the prompt describes it."""
        return (
            "The first picture shows frames of one clip in order of time, row by row from the top "
            "left; the seconds since the clip's first frame stand in each frame's corner. The "
            "animal in question has a yellow outline and its name, the others have thin blue "
            "outlines and theirs; outlines are drawn around the body a little too large, and the "
            "wedge on an outline points to where the head is. All frames show the same part of the "
            "scene in the camera's own orientation. The second picture is the whole scene in the "
            "middle of the clip, with that part framed and the animal's way as a yellow line that "
            "ends in a dot."
        )


STYLE = StripStyle()


@dataclass(frozen=True, eq=False)
class Strip:
    """A clip as it is sent.

    Parameters
    ----------
    image : Image
        The frames.
    overview : Image
        The whole scene.
    frames : tuple of int
        Which frames are shown, in their order.
    """

    image: Image
    overview: Image
    frames: tuple[int, ...]


def frames_shown(start: int, end: int, fps: float, style: StripStyle = STYLE) -> list[int]:
    """Frames of a clip (ends inclusive) that its strip shows: at `rate`, or fewer, evenly."""
    n_frames = end - start + 1
    count = min(style.most, max(2, round(n_frames / fps * style.rate)), n_frames)
    return [int(frame) for frame in np.linspace(start, end, count).round()]


def draw_strip(
    read: ReadFrame, bodies: BodyTracks, animal: int, frames: list[int], fps: float, *,
    limits: ImageLimits | None = None, style: StripStyle = STYLE,
) -> Strip:  # fmt: skip
    """Draw a clip.

    Parameters
    ----------
    read : callable
        Gives the picture of a frame; called in the order of the frames.
    bodies : BodyTracks
        Of the recording.
    animal : int
        Which of them is asked about.
    frames : list of int
        Frames to show (see `frames_shown`).
    fps : float
        Of the recording.
    limits : ImageLimits, optional
        Of the model.
    style : StripStyle
        How it is drawn.
    """
    limits = limits or ImageLimits()
    span = bodies.rows(frames[0] - bodies.first_frame, frames[-1] + 1 - bodies.first_frame)
    columns, rows = grid_shape(len(frames))
    side = fitting_side(columns, rows, style.tile, limits)
    where: PictureMap | None = None
    canvas = np.full((rows * side, columns * side, 3), 32, np.uint8)
    overview: Picture | None = None
    for place, frame in enumerate(frames):
        picture = read(frame)
        size = (picture.shape[1], picture.shape[0])
        where = where or _window(span, animal, size, side, style)
        tile = cut(picture, where)
        at = frame - bodies.first_frame
        _outlines(tile, where, bodies, row=at, animal=animal, style=style)
        _stamp(tile, f"{(frame - frames[0]) / fps:.1f}", style)
        top, left = (place // columns) * side, (place % columns) * side
        canvas[top : top + where.height, left : left + where.width] = tile
        if place == len(frames) // 2:
            overview = _overview(picture, where, span, animal, style)
    canvas[side::side] = canvas[:, side::side] = style.plate
    assert overview is not None
    return Strip(encode(canvas), encode(overview), tuple(frames))


def grid_shape(count: int) -> tuple[int, int]:
    """Columns and rows of a grid, up to two to one, with the fewest places left empty."""
    least, most = int(np.ceil(np.sqrt(count))), int(np.ceil(np.sqrt(2 * count)))
    columns = min(
        range(least, most + 1), key=lambda n: (-(-count // n) * n - count, abs(n * n / count - 1.5))
    )
    return columns, -(-count // columns)


def fitting_side(columns: int, rows: int, tile: int, limits: ImageLimits) -> int:
    """Side of a tile at which the grid stays within a model's limits."""
    scale = limits.scale(columns * tile, rows * tile)
    side = int(tile * scale)
    while side > 1 and limits.scale(columns * side, rows * side) < 1:
        side -= 1
    return side


def _window(
    span: BodyTracks, animal: int, size: tuple[int, int], side: int, style: StripStyle
) -> PictureMap:
    """Square part of the scene with the animal's whole way."""
    points = np.concatenate([span.centre[:, animal], span.head[:, animal], span.rear[:, animal]])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        points = np.array([[0.0, 0.0], [size[0] - 1.0, size[1] - 1.0]])
    length = _body_length(span, animal)
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2 + style.margin * length, 1.5 * length)
    middle = (low + high) / 2
    half = min(half, max(size) / 2)
    box: Box = (*(middle - half), *(middle + half))
    unlimited = ImageLimits(long_edge=10**6, tokens=10**9)
    return PictureMap.of_window(box, size, unlimited, long_side=side, largest=8.0)


def _body_length(span: BodyTracks, animal: int) -> float:
    for lengths in (span.length[:, animal], span.length):
        known = lengths[np.isfinite(lengths)]
        if len(known) and np.median(known) > 0:
            return float(np.median(known))
    return 32.0


def _outlines(
    tile: Picture, where: PictureMap, bodies: BodyTracks, *, row: int, animal: int,
    style: StripStyle,
) -> None:  # fmt: skip
    """Ellipses with names around all bodies, the animal in question last and on top."""
    order = [other for other in range(len(bodies.animals)) if other != animal] + [animal]
    for one in order:
        focus = one == animal
        colour, thickness = (style.focus, 2) if focus else (style.others, 1)
        _outline(tile, where, bodies, row=row, one=one, colour=colour, thickness=thickness)


def _outline(
    tile: Picture, where: PictureMap, bodies: BodyTracks, *, row: int, one: int,
    colour: Colour, thickness: int,
) -> None:  # fmt: skip
    centre, head, rear = (part[row, one] for part in (bodies.centre, bodies.head, bodies.rear))
    if not np.isfinite(centre).all():
        return
    known = np.isfinite(head).all() and np.isfinite(rear).all()
    length = float(np.linalg.norm(head - rear)) if known else 0.0
    usual = _body_length(bodies.rows(row, row + 1), one)
    width = bodies.width[row, one]
    width = float(width) if np.isfinite(width) and width > 0 else 0.45 * max(length, usual)
    middle = (head + rear) / 2 if known else centre
    axes = np.array([0.65 * max(length, width), 0.75 * width]) * where.scale
    at = where.to_picture(middle)
    if not (-axes[0] < at[0] < where.width + axes[0] and -axes[0] < at[1] < where.height + axes[0]):
        return  # outside of what is shown: a name at the border would point to nobody
    angle = float(np.degrees(np.arctan2(*(head - rear)[::-1]))) if known else 0.0
    place = tuple(int(v) for v in np.round(at * 16))
    size = tuple(max(int(v), 16) for v in np.round(axes * 16))
    cv2.ellipse(tile, place, size, angle, 0, 360, colour, thickness, cv2.LINE_AA, 4)
    if known:
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        tip = at + way * (axes[0] + 7)
        wing = np.array([-way[1], way[0]]) * 4
        wedge = np.round([tip, at + way * axes[0] + wing, at + way * axes[0] - wing]).astype(int)
        cv2.fillConvexPoly(tile, wedge, colour, cv2.LINE_AA)
    _name(tile, bodies.animals[one], at, axes, colour)


def _name(
    tile: Picture, name: str, at: FloatArray, axes: FloatArray, colour: Colour
) -> None:  # fmt: skip
    """Name beside the outline, inside the tile."""
    (wide, high), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    reach = float(max(axes))
    x = int(np.clip(at[0] - wide / 2, 1, max(tile.shape[1] - wide - 1, 1)))
    below = at[1] + reach + high + 3
    y = int(below if below < tile.shape[0] - 2 else max(at[1] - reach - 3, high + 1))
    for ink, thickness in (((0, 0, 0), 3), (colour, 1)):
        cv2.putText(
            tile, name, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink, thickness, cv2.LINE_AA
        )  # fmt: skip


def _stamp(tile: Picture, text: str, style: StripStyle) -> None:
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.rectangle(tile, (0, 0), (wide + 5, high + 6), style.plate, cv2.FILLED)
    cv2.putText(
        tile, text, (3, high + 3), cv2.FONT_HERSHEY_SIMPLEX, 0.45, style.ink, 1, cv2.LINE_AA
    )  # fmt: skip


def _overview(
    picture: NDArray[np.generic], window: PictureMap, span: BodyTracks, animal: int,
    style: StripStyle,
) -> Picture:  # fmt: skip
    """Draw the whole scene with the part that the strip shows and the animal's way."""
    height, width = picture.shape[:2]
    scale = min(style.overview / max(width, height), 1.0)
    shift = 0.5 / scale - 0.5
    small = PictureMap((shift, shift), scale, round(width * scale), round(height * scale))
    drawn = np.ascontiguousarray(cut(picture, small))
    edges = window.box_to_frame((-0.5, -0.5, window.width - 0.5, window.height - 0.5))
    corners = np.round(small.to_picture([edges[:2], edges[2:]])).astype(int)
    for colour, thickness in (((0, 0, 0), 3), (style.plate, 1)):
        cv2.rectangle(drawn, corners[0].tolist(), corners[1].tolist(), colour, thickness)
    way = span.centre[:, animal]
    way = np.round(small.to_picture(way[np.isfinite(way).all(axis=1)])).astype(np.int32)
    if len(way):
        cv2.polylines(drawn, [way], isClosed=False, color=style.focus, thickness=1)
        cv2.circle(drawn, way[-1].tolist(), 3, style.focus, cv2.FILLED, cv2.LINE_AA)
    return drawn
