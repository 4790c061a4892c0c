"""Make the pictures of the behaviour dock (docs/images/behavior_dock_*.png).

Usage: python scripts/shoot_behavior_dock.py [OUT]. A real napari window is driven by real mouse
and key events on a display of its own (Xvfb), on the three mice that come with the program. A
simulated model captions them for the picture of where names come from. The picture of a real
video is made where that lies in ../shared/data (MABe 2022 mouse triplets, Apache 2.0).
"""

import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from studio import ROOT, SCREEN, SMALL_SCREEN, Window, on_own_display

REAL = ROOT.parent / "shared" / "data" / "mabe_three_mice" / "EGS8X2MN4SSUGFWAV976.mp4"
MOMENT = 300
REAL_MOMENT = 1330


class Studio(Window):
    """A napari window with the behaviour dock."""

    def __init__(self, out: Path) -> None:
        super().__init__(out, "behavior_dock_", "napari")
        self.dock = None

    def open(self, *paths: Path, **given) -> None:
        """Open the sample, or something else."""
        from tests.gui.behavior_window import BehaviorWindow

        from napari_behaviorvlm.gui.opening import behavior_dock_in

        widget = behavior_dock_in(self.viewer)
        if paths:
            widget.open(*paths, **given)
        else:
            widget.open_sample()
        self.dock = BehaviorWindow(self.viewer)
        self.settle(1000)

    def choose(self, animal: int, frame: int) -> None:
        """Click into the timeline."""
        self.dock.page.tabs.setCurrentIndex(0)
        self.dock.click(animal, frame)
        self.settle()


@contextmanager
def simulated_model(page):
    """Let the run form ask a model that knows what the sample's mice do."""
    from simulated_vlm import (
        CAREFUL,
        BehaviorOracle,
        BehaviorTruth,
        SimulatedServer,
        sample_truth,
    )

    from napari_behaviorvlm.gui.widgets.model_panel import OTHER
    from napari_behaviorvlm.io.samples import three_mice

    with np.load(three_mice().truth) as truth:
        known = BehaviorTruth(
            tuple(map(str, truth["animals"])), tuple(map(str, truth["behaviours"])),
            truth["behaviour"].astype(int),
        )  # fmt: skip
    form = page.run_form
    with SimulatedServer(sample_truth(), behavior=BehaviorOracle(known, CAREFUL)) as server:
        form.captioner.setCurrentIndex(form.captioner.findData("model"))
        form.merge.setCurrentIndex(form.merge.findData("model"))
        form.model.where.setCurrentIndex(OTHER)
        form.model.address.setText(server.url)
        form.model.address.editingFinished.emit()
        form.model.model.setEditText("simulated")
        yield


def shoot(out: Path) -> None:
    """Make all pictures."""
    studio = Studio(out)
    from napari_behaviorvlm.gui.opening import behavior_dock_in

    behavior_dock_in(studio.viewer)
    studio.settle(800)
    studio.save("start")
    studio.open()
    studio.save("run")
    studio.dock.run(900)
    studio.choose(1, MOMENT)
    studio.save("timeline")
    studio.place(SMALL_SCREEN)
    studio.settle(800)
    studio.save("1366x768")
    studio.place(SCREEN)
    shoot_clusters(studio)
    shoot_why(studio)
    shoot_export(studio)
    studio.dock.widget.close_recording()
    if REAL.is_file():
        shoot_real(studio)
    studio.viewer.close()


def shoot_clusters(studio: Studio) -> None:
    """Take the cluster panel with a cluster chosen."""
    from tests.gui.driving import click_widget, wait_until

    page = studio.dock.page
    page.toggle_clusters()
    panel = page.beside.panel("Clusters")
    studio.settle(3000)
    click_widget(panel.list.viewport(), (40, 90))
    wait_until(lambda: all(tile.pictures for tile in panel.tiles.tiles), "the clips", 60)
    studio.save("clusters")
    panel.views.setCurrentIndex(1)
    studio.settle()
    studio.save("following")
    page.toggle_clusters()


def shoot_why(studio: Studio) -> None:
    """Take the form that asks a model, and where a name comes from."""
    from tests.gui.driving import click_widget, wait_until

    page = studio.dock.page
    page.tabs.setCurrentIndex(2)
    with simulated_model(page):
        click_widget(page.run_form.plan)
        wait_until(lambda: not page.run_form.busy, "the plan", 120)
        studio.settle()
        studio.save("model")
        studio.dock.run(900)
        studio.choose(0, 640)
        page.toggle_why()
        studio.settle(2500)
        studio.save("why")
        page.toggle_why()


def shoot_export(studio: Studio) -> None:
    """Take the export dialog."""
    from tests.gui.dock_window import export_dialog
    from tests.gui.driving import wait_until

    studio.dock.page.show_export()
    dialog = wait_until(export_dialog)
    dialog.choose("boris")
    dialog.folder_edit.setText("~/three_mice.boris")
    studio.settle(1500)
    studio.save("export")
    dialog.close()


def shoot_real(studio: Studio) -> None:
    """Take the timeline of a real video."""
    folder = Path(os.environ["BEHAVIORVLM_SHOOTING"]) / "three mice.behavior"
    studio.open(REAL, folder=folder, animals=3)
    studio.dock.run(900)
    studio.choose(0, REAL_MOMENT)
    studio.save("real")
    studio.dock.widget.close_recording()


if __name__ == "__main__":
    on_own_display(__file__, shoot)
