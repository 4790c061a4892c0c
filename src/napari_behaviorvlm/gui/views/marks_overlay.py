"""From marks of a frame to what the graphics card draws, and onto napari's layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.models.palette import (
    FORMS,
    WARNING,
    Form,
    Shape,
    colour_table,
    keypoint_looks,
    readable,
    rgb,
)
from napari_behaviorvlm.gui.views import sprites as names
from napari_behaviorvlm.gui.views.sprite_visual import Quads, line_quads, pinned, sprite_quads
from napari_behaviorvlm.gui.views.sprites import LABEL_RADIUS, RADIUS, SpriteAtlas
from napari_behaviorvlm.gui.views.text_places import place_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer

    from napari_behaviorvlm.core.skeleton import Skeleton
    from napari_behaviorvlm.gui.models.frame_marks import ViewMarks

FloatArray = NDArray[np.float64]

GUIDE = (0.75, 0.95, 1.0, 0.5)
BONE = (0.9, 0.9, 0.9, 0.65)
LEADER = (1.0, 1.0, 1.0, 0.7)
ERROR_OPACITY = 0.95

HEADING = (9.0, 15.0)
"""Left end and middle of the line with a view's name, screen pixels."""

HIT = 3.5
"""Screen pixels within which a reprojection agrees with its label and needs no cross."""

CROWDED = 24.0
"""Screen pixels between neighbouring dots below which marks are drawn smaller."""

SMALLEST = 0.62

ROOMY = 34.0
"""Screen pixels between neighbouring labels from which on all names are written."""


@dataclass(frozen=True)
class Pointed:
    """What the mouse points at in a view: row of a candidate or of a label, -1 for neither."""

    dot: int = -1
    label: int = -1


class MarkPainter:
    """Turns marks into quads.

    Parameters
    ----------
    skeleton : Skeleton
    ratio : float
        Device pixels per screen pixel.
    """

    def __init__(self, skeleton: Skeleton, ratio: float = 1.0) -> None:
        self.atlas = SpriteAtlas(ratio)
        looks = keypoint_looks(skeleton)
        self._colours = np.hstack([colour_table(looks), np.ones((len(looks), 1), np.float32)])
        self._inks = np.hstack(
            [readable(colour_table(looks)), np.ones((len(looks), 1), np.float32)]
        )
        self._names = self.atlas.texts(skeleton.keypoints)
        self._shapes = np.array([list(Shape).index(look.shape) for look in looks], np.intp)
        self._label_icons = np.array(
            [[self.atlas.label(shape, form) for form in Form] for shape in Shape], np.intp
        )
        self._forms = np.full(len(Status), -1, np.intp)
        for status, form in FORMS.items():
            self._forms[status] = list(Form).index(form)

    def quads(self, marks: ViewMarks, scale: float, *, all_names: bool, pointed: Pointed) -> Quads:
        """Everything of a view, the topmost last.

        Parameters
        ----------
        marks : ViewMarks
        scale : float
            Screen pixels per pixel of the frame, for placing the writing.
        all_names : bool
            Whether to write the names of all labels even where they are close together.
        pointed : Pointed
        """
        size = _size(marks, scale)
        texts = self._texts(marks, scale, size, all_names=all_names, pointed=pointed)
        return Quads.join([*self._lines(marks), self._symbols(marks, scale, size, pointed), *texts])

    def prepare(self, marks: ViewMarks) -> None:
        """Draw the numbers that are new, so that the atlas does not change in between."""
        self.atlas.texts([str(number) for number in marks.numbers])

    def heading(self, words: str) -> Quads:
        """Write a line into the top left corner of the view."""
        index, x = self.atlas.line(words)
        shift = np.stack([x + HEADING[0], np.full(len(x), HEADING[1])], axis=1)
        corner = np.zeros((len(index), 2))
        return pinned(sprite_quads(self.atlas.sprites, index, corner, np.ones(4), shift=shift))

    def _lines(self, marks: ViewMarks) -> list[Quads]:
        error = self._colours[marks.erring] * (1, 1, 1, ERROR_OPACITY)
        return [
            line_quads(marks.guides, np.array(GUIDE), 1.1),
            line_quads(marks.bones, np.array(BONE), 1.6),
            line_quads(marks.errors, error, 1.8),
        ]

    def _symbols(self, marks: ViewMarks, scale: float, size: float, pointed: Pointed) -> Quads:
        free = np.flatnonzero(marks.taken < 0)
        chosen = np.flatnonzero(marks.keypoints == marks.selected)
        crosses = _apart(marks, HIT / scale)
        forms = self._forms[marks.statuses]
        icons = self._label_icons[self._shapes[marks.keypoints], forms]
        corners = names.CHOSEN if marks.chosen_view else names.SELECTED
        of = self._colours
        drawn: list[tuple[Any, FloatArray, Any]] = [
            (names.DOT, marks.dots[free], (1, 1, 1, 0.95)),
            (names.FLAG, marks.labels[marks.flagged], (*rgb(WARNING), 1)),
            (icons, marks.labels, of[marks.keypoints]),
            (names.CROSS, marks.crosses[crosses], of[marks.crossed[crosses]]),
            (names.PROPOSAL, marks.proposals, of[marks.proposed]),
            (corners, self._selected_place(marks, chosen), (1, 1, 1, 1)),
            (names.HOVER, self._pointed_place(marks, pointed), (1, 1, 1, 1)),
        ]
        index = [self._index(icon, len(xy)) for icon, xy, _ in drawn]
        colours = [np.broadcast_to(colour, (len(xy), 4)) for _, xy, colour in drawn]
        return sprite_quads(
            self.atlas.sprites, np.concatenate(index), np.concatenate([xy for _, xy, _ in drawn]),
            np.concatenate(colours), size=size,
        )  # fmt: skip

    def _index(self, icon: Any, count: int) -> NDArray[np.intp]:
        return np.full(count, self.atlas.icon(icon), np.intp) if isinstance(icon, str) else icon

    @staticmethod
    def _selected_place(marks: ViewMarks, chosen: NDArray[np.intp]) -> FloatArray:
        """Mark the label of the selected keypoint, else its reprojection."""
        if len(chosen):
            return marks.labels[chosen]
        return marks.crosses[marks.crossed == marks.selected]

    @staticmethod
    def _pointed_place(marks: ViewMarks, pointed: Pointed) -> FloatArray:
        if pointed.dot >= 0:
            return marks.dots[pointed.dot : pointed.dot + 1]
        return marks.labels[pointed.label : pointed.label + 1] if pointed.label >= 0 else (
            marks.labels[:0]
        )  # fmt: skip

    def _texts(
        self, marks: ViewMarks, scale: float, size: float, *, all_names: bool, pointed: Pointed
    ) -> list[Quads]:
        """Numbers of dots and names of labels, with lines to those that had to move away."""
        named = self._named(marks, scale, all_names=all_names, pointed=pointed)
        numbers = self.atlas.texts([str(number) for number in marks.numbers])
        index = np.concatenate([self._names[marks.keypoints[named]], numbers])
        if not len(index):
            return []
        xy = np.concatenate([marks.labels[named], marks.dots])
        white = np.array([[1, 1, 1, 1]], np.float32)
        of_dots = np.where((marks.taken >= 0)[:, None], self._inks[marks.taken], white)
        colours = np.concatenate([self._inks[marks.keypoints[named]], of_dots])
        radii = np.where(
            np.arange(len(xy)) < len(named), size * LABEL_RADIUS + 4, size * RADIUS + 1.5
        )
        places = place_texts(
            scale * xy, self.atlas.sprites.sizes[index].astype(np.float64), radii,
            scale * np.concatenate([marks.dots, marks.labels]),
        )  # fmt: skip
        led = places.leaders
        ends = np.repeat(xy[led][:, None], 2, axis=1)
        return [
            line_quads(ends, np.array(LEADER), 1.0, shift=places.leader_ends[led]),
            sprite_quads(self.atlas.sprites, index, xy, colours, shift=places.shift),
        ]

    def _named(
        self, marks: ViewMarks, scale: float, *, all_names: bool, pointed: Pointed
    ) -> NDArray[np.intp]:
        """Rows of the labels whose names are written."""
        if all_names or self._roomy(marks, scale):
            return np.arange(len(marks.keypoints))
        wanted = marks.keypoints == marks.selected
        if pointed.label >= 0:
            wanted[pointed.label] = True
        if pointed.dot >= 0 and marks.taken[pointed.dot] >= 0:
            wanted |= marks.keypoints == marks.taken[pointed.dot]
        return np.flatnonzero(wanted)

    @staticmethod
    def _roomy(marks: ViewMarks, scale: float) -> bool:
        if len(marks.labels) < 2:
            return False
        return scale * _neighbours(marks.labels) > ROOMY


def _size(marks: ViewMarks, scale: float) -> float:
    """How large marks are drawn: smaller where they would cover each other and the animal."""
    if len(marks.dots) + len(marks.labels) < 3:
        return 1.0
    away = _neighbours(marks.dots if len(marks.dots) > 2 else marks.labels)
    return float(np.clip(scale * away / CROWDED, SMALLEST, 1.0))


def _neighbours(places: FloatArray) -> float:
    """Median distance to the nearest neighbour."""
    away = np.linalg.norm(places[:, None] - places, axis=-1)
    np.fill_diagonal(away, np.inf)
    return float(np.median(away.min(axis=1)))


def _apart(marks: ViewMarks, reach: float) -> NDArray[np.intp]:
    """Rows of the crosses that do not lie on their own label."""
    own = marks.crossed[:, None] == marks.keypoints
    away = np.linalg.norm(marks.crosses[:, None] - marks.labels, axis=-1)
    return np.flatnonzero(~(own & (away < reach)).any(axis=1))


def nearest_mark(marks: ViewMarks, xy: tuple[float, float], reach: float) -> Pointed:
    """Mark that is nearest to a place, if one is within reach (pixels of the frame)."""
    dot, dot_away = _nearest(marks.dots, xy)
    label, label_away = _nearest(marks.labels, xy)
    if min(dot_away, label_away) > reach:
        return Pointed()
    # A label lies on its dot: the dot is what a click is about.
    return Pointed(dot=dot) if dot_away <= label_away + 1e-6 else Pointed(label=label)


def _nearest(places: FloatArray, xy: tuple[float, float]) -> tuple[int, float]:
    if not len(places):
        return -1, np.inf
    away = np.linalg.norm(places - np.asarray(xy), axis=1)
    at = int(away.argmin())
    return at, float(away[at])


class MarkOverlays:
    """The marks of all views on their layers.

    Parameters
    ----------
    layers : sequence of Layer
        One a camera, in the rig's order.
    names : sequence of str
        What the views are called.
    skeleton : Skeleton
    ratio : float
        Device pixels per screen pixel.

    Attributes
    ----------
    caption : str
        Written beside the name of the first view.
    """

    def __init__(
        self, layers: Sequence[Layer], names: Sequence[str], skeleton: Skeleton, ratio: float
    ) -> None:
        from napari_behaviorvlm.gui.napari_compat import add_marks_overlay

        self.painter = MarkPainter(skeleton, ratio)
        self.marks: list[ViewMarks] = []
        self._overlays = [add_marks_overlay(layer) for layer in layers]
        self._layers, self._names = list(layers), list(names)
        self._pointed = [Pointed()] * len(layers)
        self._headings = [("", -1, Quads.join([]))] * len(layers)
        self.caption = ""

    def show(self, marks: list[ViewMarks], zoom: float, *, all_names: bool) -> None:
        """Draw the marks of a frame; the mouse points at none of them yet."""
        self.marks = marks
        self._pointed = [Pointed()] * len(marks)
        self.redraw(zoom, all_names=all_names)

    def redraw(self, zoom: float, *, all_names: bool) -> None:
        """Draw the same marks again, at another zoom."""
        for camera in range(len(self.marks)):
            if self._layers[camera].visible:
                self._draw(camera, zoom, all_names=all_names)

    def point_at(self, camera: int, pointed: Pointed, zoom: float, *, all_names: bool) -> None:
        """Highlight what the mouse points at; costs nothing while it stays the same."""
        for other, before in enumerate(self._pointed):
            now = pointed if other == camera else Pointed()
            if now != before:
                self._pointed[other] = now
                self._draw(other, zoom, all_names=all_names)

    def move_selected(
        self, camera: int, xy: tuple[float, float], zoom: float, *, all_names: bool
    ) -> None:
        """Draw the selected label of a view elsewhere while it is being dragged."""
        marks = self.marks[camera]
        labels = marks.labels.copy()
        labels[marks.keypoints == marks.selected] = xy
        self.marks[camera] = replace(marks, labels=labels)
        self._draw(camera, zoom, all_names=all_names)

    def _draw(self, camera: int, zoom: float, *, all_names: bool) -> None:
        scale = zoom * float(self._layers[camera].scale[-1])
        self.painter.prepare(self.marks[camera])
        heading = self._written(camera)
        quads = self.painter.quads(
            self.marks[camera], scale, all_names=all_names, pointed=self._pointed[camera]
        )
        self._overlays[camera].show(self.painter.atlas.sprites, Quads.join([quads, heading]))

    def _written(self, camera: int) -> Quads:
        """Quads of the heading; those of most views stay the same."""
        words, revision = self._heading(camera), self.painter.atlas.sprites.revision
        if self._headings[camera][:2] != (words, revision):
            quads = self.painter.heading(words)
            self._headings[camera] = (words, self.painter.atlas.sprites.revision, quads)
        return self._headings[camera][2]

    def _heading(self, camera: int) -> str:
        """Name of the view; the first one shown tells frame and time, too."""
        first = next((at for at, layer in enumerate(self._layers) if layer.visible), -1)
        name = self._names[camera]
        return f"{name}    {self.caption}" if camera == first else name
