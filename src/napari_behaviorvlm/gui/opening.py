"""Opening things in napari's window: the dock, projects, calibrations, the sample session."""

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_behaviorvlm.core.errors import BehaviorVLMError, ProjectError

if TYPE_CHECKING:
    from napari_behaviorvlm.gui.widgets.behavior.dock import BehaviorDock
    from napari_behaviorvlm.gui.widgets.dock import LabellingDock
    from napari_behaviorvlm.gui.widgets.new_project import NewProjectDialog

DOCK_NAME = "Label poses (BehaviorVLM)"
"""As napari's own menu names it, so that the menu finds a dock that was opened otherwise."""

BEHAVIOR_DOCK_NAME = "Label behaviour (BehaviorVLM)"

SAMPLE_SCHEME = "behaviorvlm://"


def current_viewer() -> Any:
    """Return napari's viewer.

    Raises
    ------
    ProjectError
        If there is no window.
    """
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        raise ProjectError("There is no napari window to open this in: start napari first.")
    return viewer


def make_dock() -> "LabellingDock":
    """Make a dock for the current viewer, without docking it."""
    from napari_behaviorvlm.gui.widgets.dock import LabellingDock

    return LabellingDock(current_viewer())


def make_behavior_dock() -> "BehaviorDock":
    """Make a behaviour dock for the current viewer, without docking it."""
    from napari_behaviorvlm.gui.widgets.behavior.dock import BehaviorDock

    return BehaviorDock(current_viewer())


def dock_in(viewer: Any) -> "LabellingDock":
    """Find the labelling dock of a viewer and show it; make it where there is none."""
    from napari_behaviorvlm.gui.widgets.dock import LabellingDock

    dock: LabellingDock = _dock_in(viewer, LabellingDock, DOCK_NAME)
    return dock


def behavior_dock_in(viewer: Any) -> "BehaviorDock":
    """Find the behaviour dock of a viewer and show it; make it where there is none."""
    from napari_behaviorvlm.gui.widgets.behavior.dock import BehaviorDock

    dock: BehaviorDock = _dock_in(viewer, BehaviorDock, BEHAVIOR_DOCK_NAME)
    return dock


def _dock_in(viewer: Any, kind: type[Any], name: str) -> Any:
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, kind):
            holder = widget.parentWidget()
            if holder is not None:
                holder.show()
            return widget
    dock = kind(viewer)
    viewer.window.add_dock_widget(dock, name=name, area="right", add_vertical_stretch=False)
    return dock


def tell(problem: BehaviorVLMError | str) -> None:
    """Show one sentence about what went wrong."""
    from napari.utils.notifications import show_error

    show_error(str(problem))


def open_project(folder: Path, viewer: Any = None) -> "LabellingDock | None":
    """Open a project folder in the dock; None if that failed, which the dock says."""
    try:
        dock = dock_in(viewer or current_viewer())
    except BehaviorVLMError as error:
        tell(error)
        return None
    return dock if dock.open_project(Path(folder)) else None


def ask_for_project(viewer: Any = None) -> None:
    """Let a person choose a project folder and open it."""
    from qtpy.QtWidgets import QFileDialog

    viewer = viewer or current_viewer()
    dock = dock_in(viewer)
    chosen = QFileDialog.getExistingDirectory(dock.window(), "Open a project folder")
    if chosen:
        open_project(Path(chosen), viewer)


def show_new_project(
    calibration: Path | None = None, viewer: Any = None
) -> "NewProjectDialog | None":
    """Show the form for a new project, with the calibration filled in; it opens what it makes."""
    from napari_behaviorvlm.gui.widgets.new_project import NewProjectDialog

    try:
        viewer = viewer or current_viewer()
    except BehaviorVLMError as error:
        tell(error)
        return None
    dock = dock_in(viewer)
    dialog = NewProjectDialog(dock.window(), calibration=calibration)
    dialog.created.connect(partial(open_project, viewer=viewer))
    dialog.show()
    dialog.raise_()
    return dialog


def open_sample(viewer: Any = None) -> "LabellingDock | None":
    """Open the sample session: its views at once, its dots named in a thread the first time."""
    from napari_behaviorvlm.workflows.sample import find_or_make_sample

    try:
        folder = find_or_make_sample()
    except BehaviorVLMError as error:
        tell(error)
        return None
    dock = open_project(folder, viewer)
    if dock is not None and dock.session is not None:
        _label_once(dock.session)
    return dock


def open_three_mice(viewer: Any = None) -> "BehaviorDock | None":
    """Open the sample of the behaviour dock."""
    try:
        dock = behavior_dock_in(viewer or current_viewer())
    except BehaviorVLMError as error:
        tell(error)
        return None
    dock.open_sample()
    return dock


def open_behavior(folder: Path, viewer: Any = None) -> "BehaviorDock | None":
    """Open a behaviour folder in its dock; what stands in the way is said there."""
    try:
        dock = behavior_dock_in(viewer or current_viewer())
    except BehaviorVLMError as error:
        tell(error)
        return None
    dock.open(Path(folder))
    return dock


def _label_once(session: Any) -> None:
    """Find and name the dots of a session that was never labelled."""
    from napari_behaviorvlm.gui.models.run_steps import RunChoice
    from napari_behaviorvlm.gui.running import runs_of, step_named

    session.say(f"The sample session lies in {session.project.folder}.")
    runs = runs_of(session)
    if runs.step is not None or session.project.store.runs():
        return
    steps = [(step_named("label"), RunChoice(strategy="geometric"))]
    if session.project.candidates().missing(range(session.n_frames)):
        steps.insert(0, (step_named("detect"), RunChoice()))
    runs.start(*steps)


def opener_of(path: str) -> Callable[[], object] | None:
    """Say how a path that was dropped on napari is opened, None if it is not ours."""
    if path.startswith(SAMPLE_SCHEME):
        samples = {"six_view_mouse": open_sample, "three_mice": open_three_mice}
        return samples.get(path.removeprefix(SAMPLE_SCHEME).rstrip("/"))
    place = Path(path)
    if place.name in {"project.toml", "behavior.toml"}:
        place = place.parent
    if (place / "behavior.toml").is_file():
        return partial(open_behavior, place)
    if place.is_dir():
        return partial(open_project, place) if is_project(place) else None
    if is_calibration(place):
        return partial(show_new_project, place)
    return None


def is_project(folder: Path) -> bool:
    """Whether a folder is one of our projects, whole or damaged."""
    content = _toml(folder / "project.toml")
    return content is None or {"format", "views"} <= content.keys()


def is_calibration(path: Path) -> bool:
    """Whether a TOML file holds calibrated cameras."""
    content = _toml(path) or {}
    return any(
        isinstance(table, dict) and {"matrix", "rotation"} <= table.keys()
        for table in content.values()
    )


def _toml(path: Path) -> dict[str, Any] | None:
    """Content of a TOML file: {} if there is none, None if it is damaged."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
