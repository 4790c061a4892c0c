"""Targets of the plugin manifest; everything is imported only when napari asks for it."""

from collections.abc import Callable
from typing import Any

SAMPLE = "behaviorvlm://six_view_mouse"
"""Address under which the manifest offers the sample session."""

Reader = Callable[[Any], list[tuple[None]]]


def label_poses() -> Any:
    """Make the labelling dock for the current viewer; napari docks it."""
    from napari_behaviorvlm.gui.opening import make_dock

    return make_dock()


def label_behavior() -> Any:
    """Make the behaviour dock for the current viewer; napari docks it."""
    from napari_behaviorvlm.gui.opening import make_behavior_dock

    return make_behavior_dock()


def open_three_mice() -> None:
    """Open the sample of the behaviour dock."""
    from napari_behaviorvlm.gui.opening import open_three_mice

    open_three_mice()


def open_project() -> None:
    """Ask for a project folder and open it in the dock."""
    from napari_behaviorvlm.gui.opening import ask_for_project

    ask_for_project()


def new_project() -> None:
    """Show the form that makes a project of one's own videos."""
    from napari_behaviorvlm.gui.opening import show_new_project

    show_new_project()


def open_six_view_mouse() -> None:
    """Open the sample session in the dock."""
    from napari_behaviorvlm.gui.opening import open_sample

    open_sample()


def get_reader(path: str | list[str]) -> Reader | None:
    """Answer napari whether we read a path: project folders, calibrations, the sample's address."""
    if not isinstance(path, str):
        return None
    from napari_behaviorvlm.gui.opening import opener_of

    opener = opener_of(path)
    if opener is None:
        return None

    def read(_: Any) -> list[tuple[None]]:
        opener()
        return [(None,)]  # read, without layers for napari to add: the dock makes its own

    return read
