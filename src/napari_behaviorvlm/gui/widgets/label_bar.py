"""Buttons for what annotators do most, for those who prefer the mouse."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from napari_behaviorvlm.gui.controllers.actions import Action
from napari_behaviorvlm.gui.keymap import Keymap
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.style import Panel, button, row

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

BUTTONS = {
    "accept": "Accept", "occlude": "Occluded", "delete": "Delete", "swap": "Swap", "undo": "Undo",
    "why": "Why?",
}  # fmt: skip
"""Actions that have a button, and what stands on it."""


class LabelBar(Panel):
    """A row of buttons; one that cannot work now is grey and says why.

    Parameters
    ----------
    session : LabellingSession
    actions : mapping of str to Action
    keymap : Keymap
    run : callable
        Runs an action.
    """

    def __init__(
        self, session: LabellingSession, actions: Mapping[str, Action], keymap: Keymap,
        run: Callable[[Action], None],
    ) -> None:  # fmt: skip
        super().__init__("label_bar")
        self._actions, self._keymap = actions, keymap
        self.buttons: dict[str, QPushButton] = {}
        for name, text in BUTTONS.items():
            made = button(text, "", name=name)
            self.links.add((made.clicked, partial(self._pressed, run, actions[name])))
            self.buttons[name] = made
        row(*self.buttons.values(), parent=self, gap=3)
        self.links.add(
            (session.selection_changed, self.refresh),
            (session.edited, self.refresh),
            (session.reloaded, self.refresh),
        )
        self.refresh()

    def _pressed(self, run: Callable[[Action], None], action: Action, *_: object) -> None:
        run(action)

    def refresh(self, *_: object) -> None:
        """Grey out what cannot be done, and say why; name the keys."""
        for name, made in self.buttons.items():
            action = self._actions[name]
            why_not = action.why_not()
            keys = " or ".join(self._keymap.keys(name))
            made.setEnabled(not why_not)
            made.setToolTip(why_not or (f"{action.title} ({keys})" if keys else action.title))
