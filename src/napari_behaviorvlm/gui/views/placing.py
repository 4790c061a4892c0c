"""Places the layers of the views so that each box shows what is looked at."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.gui.models import framing
from napari_behaviorvlm.gui.napari_compat import box_size, place_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_behaviorvlm.gui.models.framing import FloatArray, Placement


def remember_fields(model: Any, fields: Sequence[str]) -> Callable[[], None]:
    """Note some fields of a model; returns what sets them back."""
    before = {field: getattr(model, field) for field in fields}

    def restore() -> None:
        for field, value in before.items():
            setattr(model, field, value)

    return restore


class Look(StrEnum):
    """What is in the middle of every box."""

    PICTURE = "picture"
    ANIMAL = "animal"
    KEYPOINT = "keypoint"


class Placer:
    """Keeps what is looked at in the middle of every view.

    Parameters
    ----------
    viewer : Viewer
    layers : sequence of Image
        One a camera, in the rig's order.
    session : LabellingSession
    sizes : ndarray, shape (C, 2)
        Width and height of the pictures.
    """

    def __init__(
        self, viewer: Viewer, layers: Sequence[Image], session: Any, sizes: FloatArray
    ) -> None:
        self._viewer, self._layers, self._session = viewer, list(layers), session
        self._sizes = sizes
        self.look = Look.PICTURE
        self._before: tuple[Look, float, Any] | None = None
        self._own_zoom = 0.0

    def enter(self, look: Look) -> None:
        """Look at something else, at the zoom that suits it."""
        if look is Look.KEYPOINT and self.look is not Look.KEYPOINT:
            camera = self._viewer.scene.camera
            self._before = (self.look, float(camera.zoom), camera.center)
        elif look is not Look.KEYPOINT:
            self._before = None
        self.look = look
        self.refresh()
        self._set_view(self._zoom())

    def leave_keypoint(self) -> None:
        """Go back to what was looked at before the keypoint, with its zoom."""
        if self._before is None:
            self.enter(Look.PICTURE if self.look is Look.KEYPOINT else self.look)
            return
        self.look, zoom, center = self._before
        self._before = None
        self.refresh()
        self._set_view(zoom, center)

    def recentre(self) -> None:
        """Bring a newly selected keypoint into the middle, at the zoom in use."""
        self.refresh()
        self._viewer.scene.camera.center = (0.0, 0.0)

    def refresh(self) -> None:
        """Place the layers for the session's frame."""
        placement = self._placement()
        for layer, scale, translate in zip(
            self._layers, placement.scale, placement.translate, strict=True
        ):
            if layer.scale[-1] != scale or tuple(layer.translate[:0:-1]) != tuple(translate):
                place_layer(self._viewer, layer, float(scale), translate)

    def resized(self) -> None:
        """Fit again after the boxes changed size, unless the person zoomed."""
        if np.isclose(self._viewer.scene.camera.zoom, self._own_zoom):
            self._set_view(self._zoom(), self._viewer.scene.camera.center)

    def _set_view(self, zoom: float, center: Any = (0.0, 0.0)) -> None:
        camera = self._viewer.scene.camera
        camera.center = center
        camera.zoom = zoom
        self._own_zoom = float(camera.zoom)

    def _placement(self) -> Placement:
        if self.look is Look.PICTURE:
            return framing.fit(self._sizes)
        animal = self._animal()
        if self.look is Look.ANIMAL:
            return framing.follow(animal, self._sizes)
        return framing.centre_on(self._keypoint(), animal, self._sizes)

    def _zoom(self) -> float:
        box = box_size(self._viewer)
        if self.look is Look.PICTURE:
            return self._fit_zoom(box)
        animal, placement = self._animal(), self._placement()
        if self.look is Look.KEYPOINT:
            return framing.keypoint_zoom(animal, placement, self._sizes, box)
        return framing.animal_zoom(animal, placement, box) or self._fit_zoom(box)

    def _fit_zoom(self, box: tuple[float, float]) -> float:
        shown = [layer.visible for layer in self._layers]
        extent = (framing.fit_scale(self._sizes)[:, None] * self._sizes)[shown].max(axis=0)
        return framing.zoom_to_fit((extent[0], extent[1]), box, framing.FIT_MARGIN)

    def _animal(self) -> framing.Animal:
        session, frame = self._session, self._session.frame
        labelled = np.isin(session.labels.status[frame], LABELLED)
        xy = np.where(labelled[..., None], session.labels.xy[frame], np.nan)
        table = session.candidates(frame)
        dots = [table.xy[table.camera == camera] for camera in range(len(session.rig))]
        return framing.find_animal(session.rig, session.poses.points[frame], xy, dots)

    def _keypoint(self) -> FloatArray:
        """Pixels of the selected keypoint: its reprojection, else its label, else NaN."""
        session, frame = self._session, self._session.frame
        keypoint = session.selection.keypoint
        labelled = np.isin(session.labels.status[frame, :, keypoint], LABELLED)
        label = np.where(labelled[:, None], session.labels.xy[frame, :, keypoint], np.nan)
        projected = session.projection(frame)[:, keypoint]
        return np.where(np.isfinite(projected), projected, label)
