"""The labelling dock as tests take hold of it: what a person sees, found by its name."""

from qtpy.QtWidgets import QApplication
from tests.gui.driving import click_widget, focus_views, menu_action, type_text, wait_until

from napari_behaviorvlm.gui.running import runs_of

SAMPLE = ("BehaviorVLM", "Six-view mouse")


class DockWindow:
    """The dock of a viewer with an open project."""

    def __init__(self, viewer):
        self.viewer = viewer
        self.widget = next(
            widget for widget in viewer.window.dock_widgets.values()
            if widget.objectName() == "labelling_dock"
        )  # fmt: skip

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

    def part(self, name):
        """A part of the page by its object name."""
        found = self.page.findChild(object, name)
        assert found is not None, f"nothing in the dock is named {name!r}"
        return found

    def wait_until_labelled(self):
        """Wait until all dots have names and the doubtful ones are known; focus the views."""
        session, runs = self.session, runs_of(self.session)
        wait_until(session.project.store.runs, "the labels", 90)
        wait_until(lambda: runs.step is None, "the run to end", 60)
        wait_until(lambda: session.queue is not None and len(session.queue), "the flags", 60)
        focus_views(self.viewer)

    def order_by(self, words):
        """Choose the order of the queue, by what its list calls it."""
        box = self.part("queue_order")
        box.setCurrentIndex(box.findText(words))

    @property
    def headline(self):
        return self.part("headline").text()

    @property
    def status(self):
        return self.part("status").text()

    def queue_row(self, at):
        """What a row of the queue says, all columns."""
        model = self.part("queue").model()
        cells = [model.index(at, column).data() for column in range(model.columnCount())]
        return " ".join(str(cell) for cell in cells if cell is not None)

    def export(self, format_name, folder):
        """Export by the dialog, with real clicks; return its last words."""
        click_widget(self.part("export"))
        dialog = wait_until(export_dialog, "the export dialog")
        dialog.activateWindow()
        dialog.choose(format_name)
        click_widget(dialog.folder_edit)
        dialog.folder_edit.selectAll()
        type_text(dialog, str(folder))
        wait_until(dialog.export_button.isEnabled, "the preview", 30)
        click_widget(dialog.export_button)
        words = wait_until(dialog.result_label.text, "the export", 60)
        click_widget(dialog.close_button)
        wait_until(lambda: export_dialog() is None, "the dialog to close")
        return words

    def close_project(self):
        """Close the project by the dock's menu."""
        self.page.header.close_project.trigger()
        wait_until(lambda: self.widget.session is None, "the project to close")


def export_dialog():
    """The export dialog if it is shown."""
    shown = (widget for widget in QApplication.topLevelWidgets() if widget.isVisible())
    return next((widget for widget in shown if widget.objectName() == "export_dialog"), None)
