"""Make the pictures of the labelling dock and its tour (docs/images/dock_*.png, tour.webp).

Usage: python scripts/shoot_dock.py [OUT]. A real napari window is driven by real mouse and key
events on a display of its own (Xvfb), on the sample session with a few labels put on wrong dots,
so that the same pictures come out again after a change of the dock. With BEHAVIORVLM_SHOOT_MODEL
set only those of asking a model are made (dock_model.png, dock_why.png); it is a simulated one.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from studio import SCREEN, SMALL_SCREEN, Window, on_own_display

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gui.planting import Planted

NAME = "six_view_mouse"
TOUR_WIDTH = 1120
MODEL_FRAMES = (60, 61)
"""Asked of the simulated model."""

MOST_BYTES = 3_000_000
"""A tour larger than this does not load quickly enough on the front page."""


class Tour:
    """Frames of an animation, with the mouse pointer and what was pressed drawn in.

    Parameters
    ----------
    grab : callable
        Returns the screen as a PIL image.
    """

    def __init__(self, grab: "Callable[[], Image.Image]") -> None:
        self._grab = grab
        self._frames: list[Image.Image] = []
        self._milliseconds: list[int] = []
        self._font = ImageFont.load_default(26)

    def frame(self, milliseconds: int, words: str = "", pointer=None, *, pressed=False) -> None:
        """Take the screen as it is now, shown for some time, with words about what happens."""
        picture = self._grab().convert("RGB")
        if pointer is not None:
            _draw_pointer(picture, pointer, pressed=pressed)
        width, height = TOUR_WIDTH, round(TOUR_WIDTH * picture.height / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        if words:
            self._draw_words(picture, words)
        self._frames.append(picture)
        self._milliseconds.append(milliseconds)

    def _draw_words(self, picture: Image.Image, words: str) -> None:
        draw = ImageDraw.Draw(picture, "RGBA")
        left, top, right, bottom = draw.textbbox((0, 0), words, font=self._font)
        x, y = (0.62 * picture.width - (right - left)) / 2, picture.height - 74
        draw.rounded_rectangle(
            (x - 18, y - 10, x + right - left + 18, y + bottom - top + 18), 10, (0, 0, 0, 215)
        )
        draw.text((x, y - top + 4), words, font=self._font, fill="white")

    def save(self, path: Path) -> None:
        """Write the animation, as fine as the size allowed."""
        for quality in (80, 70, 60, 50, 40, 30):
            self._frames[0].save(
                path, save_all=True, append_images=self._frames[1:], loop=0,
                duration=self._milliseconds, quality=quality, method=6,
            )  # fmt: skip
            if path.stat().st_size < MOST_BYTES:
                return
        raise SystemExit(f"{path} is larger than {MOST_BYTES} bytes: leave frames out.")


def _draw_pointer(picture: Image.Image, at, *, pressed: bool) -> None:
    arrow = np.array([(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)], float)
    corners = [tuple(corner) for corner in arrow * 1.9 + np.asarray(at)]
    draw = ImageDraw.Draw(picture, "RGBA")
    if pressed:
        x, y = at
        draw.ellipse((x - 24, y - 24, x + 24, y + 24), outline=(255, 210, 0, 255), width=5)
    draw.polygon(corners, fill="white", outline="black", width=2)


class Studio(Window):
    """A napari window with the dock on a sample project in which labels were put on wrong dots.

    Parameters
    ----------
    out : Path
        Where pictures go.
    """

    def __init__(self, out: Path) -> None:
        from tests.gui.dock_window import DockWindow
        from tests.gui.planting import plant_errors

        from napari_behaviorvlm.gui.opening import open_project

        self.planted = plant_errors(labelled_sample(), 2, seed=4, away=12, most=60)
        super().__init__(out, "dock_", "napari - six-view mouse")
        open_project(Path(os.environ["BEHAVIORVLM_SAMPLE_FOLDER"]) / NAME, self.viewer)
        self.dock = DockWindow(self.viewer)
        self.dock.wait_until_labelled()
        self.dock.order_by("Most doubtful first")
        self.session = self.dock.session
        self.settle()

    def press(self, *keys: str) -> None:
        """Press keys and let the window follow."""
        from tests.gui.driving import focus_views, press

        focus_views(self.viewer)
        press(self.viewer, *keys)
        self.settle()

    def click_right_dot(self, error) -> None:
        """Click the dot on which the label should have been."""
        from tests.gui.driving import click

        click(self.viewer, self.session.rig.names[error.camera], error.right_xy)
        self.settle()

    def pointer(self, error, xy=None) -> tuple[float, float]:
        """Where on the screen a pixel of the error's view is; the right dot by default."""
        from qtpy.QtCore import QPoint
        from tests.gui.driving import canvas, canvas_position

        camera = self.session.rig.names[error.camera]
        at = canvas_position(self.viewer, camera, error.right_xy if xy is None else xy)
        widget = canvas(self.viewer)
        corner = widget.mapTo(widget.window(), QPoint(0, 0))
        return corner.x() + at[0], corner.y() + at[1]

    def at_work(self) -> "Planted":
        """Return the error that the review leads to at present."""
        frame = self.session.frame
        return next(error for error in self.planted if error.frame == frame)

    def views(self) -> Image.Image:
        """Take the views alone."""
        from qtpy.QtCore import QPoint
        from tests.gui.driving import canvas

        widget = canvas(self.viewer)
        corner = widget.mapTo(widget.window(), QPoint(0, 0))
        x, y = corner.x(), corner.y()
        return self.grab().crop((x, y, x + widget.width(), y + widget.height()))


def labelled_sample() -> Path:
    """Make the sample project and let the solver name its dots."""
    from tests.gui.fixtures import finish

    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.label import LabelRequest, label
    from napari_behaviorvlm.workflows.sample import find_or_make_sample

    folder = find_or_make_sample()
    with Project(folder) as project:
        finish(label(project, LabelRequest()))
    return folder


def shoot(out: Path) -> None:
    """Make all pictures, or only those of the model."""
    studio = Studio(out)
    if "BEHAVIORVLM_SHOOT_MODEL" not in os.environ:
        shoot_tour(studio)
        shoot_stills(studio)
    shoot_model(studio)
    studio.viewer.close()


def shoot_model(studio: Studio) -> None:
    """Make the pictures of asking a (simulated) model: its settings, and why a label is so."""
    from simulated_vlm import Abilities, ErrorModel, SimulatedServer, sample_truth
    from tests.gui.driving import wait_until

    from napari_behaviorvlm.gui.running import runs_of
    from napari_behaviorvlm.gui.widgets.model_panel import OTHER

    page, session = studio.dock.page, studio.session
    run, runs = page.runs, runs_of(studio.session)
    session.go_to(MODEL_FRAMES[0])
    studio.press("Ctrl+=")
    with SimulatedServer(sample_truth(), ErrorModel(), Abilities(latency=0.02)) as server:
        page.show_run()
        run.choose("label")
        run.strategy_box.setCurrentIndex(run.strategy_box.findData("paper"))
        run.frames.which.setCurrentIndex(1)
        run.frames.first.setValue(MODEL_FRAMES[0])
        run.frames.last.setValue(MODEL_FRAMES[1])
        run.model.where.setCurrentIndex(OTHER)
        run.model.address.setText(server.url)
        run.model.address.editingFinished.emit()
        run.model.model.setEditText("simulated")
        run.model.test()
        wait_until(lambda: "answers." in run.model.said.text(), "the server", 120)
        run.ask_plan()
        wait_until(lambda: "is asked" in run.plan_label.text(), "the plan", 300)
        studio.save("model")
        studio.place(SMALL_SCREEN)
        run.ask_plan()
        wait_until(lambda: "is asked" in run.plan_label.text(), "the plan", 300)
        studio.save("model_1366x768")
        studio.place(SCREEN)
        run.start()
        wait_until(lambda: runs.step is not None, "the run to begin", 30)
        wait_until(lambda: runs.step is None, "the run to end", 600)
    page.tabs.setCurrentIndex(0)
    session.select(session.skeleton.index("hindpaw_L"), 0)
    page.toggle_why()
    studio.settle(2500)
    studio.save("why")
    studio.place(SMALL_SCREEN)
    studio.save("why_1366x768")
    studio.place(SCREEN)


def shoot_stills(studio: Studio) -> None:
    """Make the pictures of the manual."""
    from tests.gui.dock_window import export_dialog
    from tests.gui.driving import wait_until

    session = studio.session
    session.go_to(57)
    studio.press("Ctrl+=")
    studio.save("six_views")
    studio.press("G")
    studio.save("following")
    studio.press("Space")
    error = studio.at_work()
    studio.save("review")
    before = studio.views()
    studio.click_right_dot(error)
    studio.save("correction", side_by_side(before, studio.views()))
    studio.press("G")
    studio.dock.page.toggle_scene()
    studio.settle(1500)
    studio.save("3d")
    studio.dock.page.toggle_scene()
    studio.dock.page.toggle_plots()
    studio.settle(1500)
    studio.save("plots")
    studio.dock.page.toggle_plots()
    studio.place(SMALL_SCREEN)
    studio.press("Space")
    studio.save("1366x768")
    studio.place(SCREEN)
    studio.dock.page.show_export()
    dialog = wait_until(export_dialog)
    dialog.folder_edit.setText("~/training sets/mouse-dlc")
    studio.settle(2500)
    studio.save("export")
    dialog.close()


def side_by_side(before: Image.Image, after: Image.Image) -> Image.Image:
    """Join two pictures of the views, halved, with a word over each."""
    size = (before.width * 2 // 3, before.height * 2 // 3)
    joined = Image.new("RGB", (2 * size[0] + 12, size[1] + 44), "white")
    draw = ImageDraw.Draw(joined)
    for at, (picture, word) in enumerate(((before, "before"), (after, "after one click"))):
        left = at * (size[0] + 12)
        joined.paste(picture.resize(size, Image.Resampling.LANCZOS), (left, 44))
        draw.text((left + 8, 6), word, font=ImageFont.load_default(28), fill="black")
    return joined


def shoot_tour(studio: Studio) -> None:
    """Make the tour: looking through, two corrections, undo and redo."""
    tour = Tour(studio.grab)
    session = studio.session
    session.go_to(40)
    studio.dock.page.grid.follow()
    studio.settle(300)
    tour.frame(1500, "Six synchronised views, every dot numbered and named")
    for frame in range(42, 58, 2):
        session.go_to(frame)
        studio.settle(150)
        tour.frame(130, "Six synchronised views, every dot numbered and named")
    correct(studio, tour, "Space: to the most doubtful label, and why it is doubtful")
    studio.press("Ctrl+Z")
    tour.frame(1200, "Ctrl+Z: undone")
    studio.press("Ctrl+Shift+Z")
    tour.frame(1400, "Ctrl+Shift+Z: done again; saved with every step")
    correct(studio, tour, "Space: the next one")
    tour.save(studio.out / "tour.webp")
    studio.press("Ctrl+Z", "Ctrl+Z")


def correct(studio: Studio, tour: Tour, words: str) -> None:
    """Go to the next error and click the right dot."""
    studio.press("Space")
    error = studio.at_work()
    tour.frame(2200, words)
    camera = studio.session.rig.names[error.camera]
    goal = np.asarray(studio.pointer(error))
    start = goal + np.array([260, 180])
    click = f"Click the right dot in {camera}"
    for share in (0.0, 0.35, 0.65, 0.88, 1.0):
        tour.frame(140, click, start + share * (goal - start))
    tour.frame(500, click, goal, pressed=True)
    studio.click_right_dot(error)
    tour.frame(2000, "3D point, errors and queue follow at once", goal)


if __name__ == "__main__":
    on_own_display(__file__, shoot)
