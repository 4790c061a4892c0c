"""The behaviour dock as tests take hold of it: what a person sees, found by its name."""

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from tests.gui.dock_window import export_dialog
from tests.gui.driving import click_widget, menu_action, settle, type_text, wait_until

SAMPLE = ("BehaviorVLM", "Three mice from above")


class BehaviorWindow:
    """The behaviour dock of a viewer, with a recording open."""

    def __init__(self, viewer):
        self.viewer = viewer
        self.widget = next(
            widget for widget in viewer.window.dock_widgets.values()
            if widget.objectName() == "behavior_dock"
        )  # fmt: skip
        wait_until(lambda: self.widget.page is not None, self.widget.start.message.text, 60)

    @classmethod
    def from_menu(cls, viewer):
        """Open the sample by its entry in napari's menu."""
        menu_action(viewer, "File", "Open Sample", *SAMPLE).trigger()
        return cls(viewer)

    @property
    def page(self):
        return self.widget.page

    @property
    def session(self):
        return self.widget.session

    @property
    def timeline(self):
        return self.page.beside.timeline.timeline

    @property
    def status(self):
        return self.page.status.text()

    def at(self, animal, frame):
        """Where in the timeline an animal's bouts are drawn at a frame."""
        timeline = self.timeline
        place = timeline._places()[animal]
        return QPoint(
            round(timeline.window_.x(frame)), round(place.top + place.events / 2)
        )  # fmt: skip

    def click(self, animal, frame, keys=Qt.KeyboardModifier.NoModifier):
        """Click in the timeline."""
        QTest.mouseClick(
            self.timeline, Qt.MouseButton.LeftButton, keys, self.at(animal, frame)
        )  # fmt: skip
        settle(30)

    def run(self, seconds=240):
        """Press Start and wait for the events; return what the form says in the end."""
        form = self.page.run_form
        click_widget(form.start)
        wait_until(lambda: not form.busy, "the run to end", seconds)
        settle(50)
        return form.result.text()

    def export(self, format_name, place):
        """Export by the dialog, with real clicks; return its last words."""
        click_widget(self.page.header.export)
        dialog = wait_until(export_dialog, "the export dialog")
        dialog.activateWindow()
        dialog.choose(format_name)
        click_widget(dialog.folder_edit)
        dialog.folder_edit.selectAll()
        type_text(dialog, str(place))
        wait_until(dialog.export_button.isEnabled, "the preview", 30)
        click_widget(dialog.export_button)
        words = wait_until(dialog.result_label.text, "the export", 60)
        click_widget(dialog.close_button)
        wait_until(lambda: export_dialog() is None, "the dialog to close")
        return words
