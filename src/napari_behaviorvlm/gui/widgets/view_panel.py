"""What the views show: channel, framing, brightness, which marks are drawn."""

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QMenu,
    QSlider,
)

from napari_behaviorvlm.gui.views.frames import Channel
from napari_behaviorvlm.gui.views.placing import Look
from napari_behaviorvlm.gui.widgets.style import GAP, Panel, button, column, row

CHANNELS = {
    Channel.REFLECTANCE: "Reflectance", Channel.FLUORESCENCE: "Fluorescence",
    Channel.BLEND: "Both",
}  # fmt: skip

DRAWN = {
    "candidates": "Dots and their numbers", "labels": "Labels", "names": "Names of all keypoints",
    "reprojections": "Reprojections of the 3D points", "errors": "Error lines",
    "skeleton": "Skeleton", "guides": "Epipolar lines",
}  # fmt: skip
"""Fields of `MarkOptions` in words."""

STEPS = 100
"""Steps of a slider from the middle to an end."""

ALL_VIEWS = -1


class ViewPanel(Panel):
    """Controls of the views.

    Parameters
    ----------
    grid : ViewGrid
    """

    def __init__(self, grid: Any) -> None:
        super().__init__("view_panel")
        self._grid = grid
        names = grid.session.rig.names
        self.channel = _box("channel", [(CHANNELS[c], c) for c in grid.channels])
        self.channel.setVisible(len(grid.channels) > 1)
        self.view = _box("focus", [("All views", None), *((n, at) for at, n in enumerate(names))])
        self.view.setToolTip("Shows one view alone, or all (V).")
        self.fit = button("Fit", "Shows the whole pictures (Ctrl+=).", name="fit")
        self.follow = button("Follow", "Keeps the animal in the middle of every view (G).",
                             checkable=True, name="follow")  # fmt: skip
        self.zoom = button("Keypoint", "Zooms all views to the selected keypoint (F).",
                           checkable=True, name="zoom")  # fmt: skip
        self.more = button("Show", "What is drawn, and how bright.", name="more")
        self.tones = Tones(grid)
        self.tones.hide()
        self._fill_menu()
        layout = column(self)
        layout.addLayout(row(self.channel, self.view))
        layout.addLayout(row(self.fit, self.follow, self.zoom, self.more))
        layout.addWidget(self.tones)
        self.links.add(
            (grid.changed, self.read),
            (self.channel.activated, self._set_channel),
            (self.view.activated, self._set_focus),
            (self.fit.clicked, grid.fit),
            (self.follow.clicked, self.toggle_follow),
            (self.zoom.clicked, self.toggle_zoom),
        )
        self.read()

    def _fill_menu(self) -> None:
        menu = QMenu(self)
        self.drawn: dict[str, Any] = {}
        for field, words in DRAWN.items():
            entry = menu.addAction(words)
            entry.setCheckable(True)
            entry.setData(field)
            self.links.add((entry.triggered, lambda on, field=field: self._switch(field, on=on)))
            self.drawn[field] = entry
        menu.addSeparator()
        brightness = menu.addAction("Brightness and contrast")
        brightness.setCheckable(True)
        self.links.add((brightness.toggled, self.tones.setVisible))
        self.more.setMenu(menu)

    def read(self) -> None:
        """Show what the views show."""
        grid = self._grid
        self.channel.setCurrentIndex(self.channel.findData(grid.channel))
        self.view.setCurrentIndex(0 if grid.focused is None else grid.focused + 1)
        self.follow.setChecked(grid.look is Look.ANIMAL)
        self.zoom.setChecked(grid.look is Look.KEYPOINT)
        for field, entry in self.drawn.items():
            entry.setChecked(bool(getattr(grid.options, field)))

    def toggle_follow(self, *_: object) -> None:
        """Follow the animal, or show the whole pictures."""
        self._grid.follow(on=self._grid.look is not Look.ANIMAL)

    def toggle_zoom(self, *_: object) -> None:
        """Zoom to the keypoint, or back to what was seen before."""
        if self._grid.look is Look.KEYPOINT:
            self._grid.unzoom()
        else:
            self._grid.zoom_to_keypoint()

    def toggle_focus(self, *_: object) -> None:
        """Show the chosen view alone, or all again."""
        camera = self._grid.session.selection.camera
        if self._grid.focused is not None:
            self._grid.focus(None)
        elif camera >= 0:
            self._grid.focus(camera)
        else:
            self._grid.session.say("Click into a view first: which one is to be seen alone?")

    def next_channel(self, *_: object) -> None:
        """Show the next channel of the recording."""
        channels = list(self._grid.channels)
        if len(channels) < 2:
            self._grid.session.say("This recording has one channel only.")
            return
        at = channels.index(self._grid.channel)
        self._grid.channel = channels[(at + 1) % len(channels)]

    def _set_channel(self, *_: object) -> None:
        self._grid.channel = self.channel.currentData()

    def _set_focus(self, *_: object) -> None:
        self._grid.focus(self.view.currentData())

    def _switch(self, field: str, *, on: bool) -> None:
        self._grid.switch(field, on=on)

    def let_go(self) -> None:
        """Disconnect everything."""
        self.tones.let_go()
        super().let_go()


class Tones(Panel):
    """Brightness and contrast, of one view or of all.

    Parameters
    ----------
    grid : ViewGrid
    """

    def __init__(self, grid: Any) -> None:
        super().__init__("tones")
        self._grid = grid
        names = grid.session.rig.names
        self.which = _box(
            "toned", [("All views", ALL_VIEWS), *((n, i) for i, n in enumerate(names))]
        )
        self.brightness, self.contrast = _slider("brightness"), _slider("contrast")
        self.reset = button("As recorded", "Takes brightness and contrast back.")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.which, 0, 0, 1, 2)
        layout.addWidget(self.reset, 0, 2)
        for at, (text, slider) in enumerate(
            (("Brightness", self.brightness), ("Contrast", self.contrast)), start=1
        ):
            layout.addWidget(QLabel(text), at, 0)
            layout.addWidget(slider, at, 1, 1, 2)
        self.links.add(
            (self.brightness.valueChanged, self._set),
            (self.contrast.valueChanged, self._set),
            (self.which.activated, self._read),
            (self.reset.clicked, self._clear),
        )

    def _set(self, *_: object) -> None:
        chosen = self.which.currentData()
        self._grid.set_tone(
            self.brightness.value() / STEPS, self.contrast.value() / STEPS,
            None if chosen == ALL_VIEWS else chosen,
        )  # fmt: skip

    def _read(self, *_: object) -> None:
        tone = self._grid.tone(max(self.which.currentData(), 0))
        for slider, value in zip((self.brightness, self.contrast), tone, strict=True):
            was_blocked = slider.blockSignals(True)
            slider.setValue(round(value * STEPS))
            slider.blockSignals(was_blocked)

    def _clear(self, *_: object) -> None:
        for slider in (self.brightness, self.contrast):
            slider.setValue(0)
        self._set()


def _box(name: str, entries: list[tuple[str, Any]]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    for text, value in entries:
        box.addItem(text, value)
    return box


def _slider(name: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName(name)
    slider.setRange(-STEPS, STEPS)
    slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return slider
