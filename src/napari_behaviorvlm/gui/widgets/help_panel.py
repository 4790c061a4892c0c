"""All keys by group, to look up and to change; how the mouse is used; what the marks mean."""

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from napari_behaviorvlm.core.hues import HUES
from napari_behaviorvlm.gui.controllers.actions import Action
from napari_behaviorvlm.gui.keymap import Keymap, KeymapError, TakenKeyError
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.palette import Form, KeypointLook, Shape
from napari_behaviorvlm.gui.widgets.mark_painting import mark_pixmap
from napari_behaviorvlm.gui.widgets.shortcuts import key_of
from napari_behaviorvlm.gui.widgets.style import (
    GAP,
    MARGIN,
    Colours,
    Sentence,
    button,
    column,
    row,
)

MOUSE = (
    ("Click a dot", "It becomes the selected keypoint; the next keypoint of a seed frame follows."),
    ("Shift + click", "Places the label just there, dot or not."),
    ("Ctrl + click a label", "Selects its keypoint."),
    ("Right-click a label", "Occluded in this view; again: takes it back."),
    ("Drag the selected label", "Moves it; it snaps to a dot."),
    ("Drag elsewhere", "Moves the pictures."),
    ("Wheel", "Zooms all views."),
    ("Type a number", "The dot with this number becomes the keypoint in the chosen view."),
)

_LEFT = KeypointLook(HUES[1], Shape.LEFT)
MARKS = (
    (_LEFT, Form.OPEN, False, "proposed: nobody has looked at it yet"),
    (_LEFT, Form.FILLED, False, "accepted"),
    (_LEFT, Form.RIMMED, False, "corrected"),
    (_LEFT, Form.CROSSED, False, "occluded"),
    (_LEFT, Form.OPEN, True, "flagged: something speaks against it"),
    (KeypointLook(HUES[1], Shape.LEFT), Form.FILLED, False, "left side of the body"),
    (KeypointLook(HUES[1], Shape.RIGHT), Form.FILLED, False, "right side"),
    (KeypointLook(HUES[2], Shape.MIDDLE), Form.FILLED, False, "middle"),
)

LINES = (
    "Thin grey ring with a number: a dot that was found.",
    "Small cross: where the 3D point lies in this view; a line leads to it from the label.",
    "Faint lines: where the labels of other views say the keypoint must be.",
)

_ACTION = 256  # Qt.ItemDataRole.UserRole, whose spelling differs between bindings


class KeyField(QLineEdit):
    """Waits for one key."""

    pressed = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setText("press a key ...")

    def event(self, event: QEvent | None) -> bool:
        """Take any key, also those that move between fields."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if kind == QEvent.Type.KeyPress:
            key = key_of(event)
            if key == "Escape":
                self.left.emit()
            elif key:
                self.pressed.emit(key)
            return True
        if kind == QEvent.Type.FocusOut:
            self.left.emit()
        return bool(super().event(event))


class HelpPanel(QDialog):
    """Keys, mouse and marks in a window beside the main one.

    Parameters
    ----------
    actions : sequence of Action
    keymap : Keymap
    page : QWidget
        About the mouse and the marks.
    parent : QWidget, optional
    """

    changed = Signal()
    """Keys were changed."""

    def __init__(
        self, actions: Sequence[Action], keymap: Keymap, page: QWidget,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setObjectName("help_panel")
        self.setWindowTitle("Keys, mouse and marks")
        self._actions, self._keymap = {action.id: action for action in actions}, keymap
        self._field: KeyField | None = None
        self.links = Links()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: accept, zoom, Ctrl+Z ...")
        self.search.setClearButtonEnabled(True)
        self.tree = self._make_tree()
        self.message = Sentence("Click a key to change it.", name="help_message")
        self.reset_one = button("Default for this", "Gives the chosen line its default key.")
        self.reset_all = button("Default for all", "Gives everything its default key.")
        tabs = QTabWidget()
        tabs.addTab(self._keys_page(), "Keys")
        tabs.addTab(page, "Mouse and marks")
        column(self, margins=(MARGIN,) * 4).addWidget(tabs)
        self.resize(460, 560)
        self._fill()
        self.links.add(
            (self.search.textChanged, self.show_matching),
            (self.tree.itemClicked, self._clicked),
            (self.reset_one.clicked, self._reset_one),
            (self.reset_all.clicked, self._reset_all),
        )
        if keymap.problem:
            self.message.setText(keymap.problem)

    def let_go(self) -> None:
        """Disconnect everything and go."""
        self.links.cut()
        self.close()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setHeaderLabels(["What", "Key"])
        tree.setColumnWidth(0, 270)
        tree.setRootIsDecorated(False)
        tree.setIndentation(10)
        return tree

    def _keys_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, margins=(0, GAP, 0, 0))
        for part in (self.search, self.tree, self.message):
            layout.addWidget(part)
        layout.addLayout(row(self.reset_one, self.reset_all))
        return page

    def _fill(self) -> None:
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for action in self._actions.values():
            if action.group not in groups:
                groups[action.group] = heading = QTreeWidgetItem([action.group, ""])
                font = heading.font(0)
                font.setBold(True)
                heading.setFont(0, font)
                self.tree.addTopLevelItem(heading)
            item = QTreeWidgetItem([action.title, self._keys(action.id)])
            item.setData(0, _ACTION, action.id)
            font = item.font(1)
            font.setBold(self._keymap.is_changed(action.id))
            item.setFont(1, font)
            groups[action.group].addChild(item)
        self.tree.expandAll()
        self.show_matching(self.search.text())

    def _keys(self, action: str) -> str:
        return "   ".join(self._keymap.keys(action)) or "none"

    def show_matching(self, text: str) -> None:
        """Show actions whose title or key holds a text."""
        wanted = text.strip().lower()
        for at in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(at)
            shown = 0
            for index in range(group.childCount()):
                item = group.child(index)
                matches = wanted in item.text(0).lower() or wanted in item.text(1).lower()
                item.setHidden(not matches)
                shown += matches
            group.setHidden(not shown)

    # Changing keys -----------------------------------------------------------------------------

    def _clicked(self, item: QTreeWidgetItem, at: int) -> None:
        if at != 1 or item.data(0, _ACTION) is None:
            return
        self.ask_key(item)

    def ask_key(self, item: QTreeWidgetItem) -> None:
        """Wait for a key for the action of a line; Escape leaves it as it is."""
        self._forget_field()
        self._field = field = KeyField()
        field.pressed.connect(lambda key: self.give(item.data(0, _ACTION), key))
        field.left.connect(self._forget_field)
        self.tree.setItemWidget(item, 1, field)
        field.setFocus()
        self.message.setText(f"{item.text(0)}: press a key, or Esc to leave it as it is.")

    def give(self, action: str, key: str) -> None:
        """Give an action this key in place of its others; say why if it cannot be."""
        self._forget_field()
        try:
            self._keymap.rebind(action, [key])
        except TakenKeyError as error:
            title = self._actions[error.holder].title
            self.message.setText(f'{error.key} is the key of "{title}": give that another first.')
            return
        except KeymapError as error:
            self.message.setText(str(error))
            return
        self.message.setText(f"{self._actions[action].title}: {key}.")
        self._renewed()

    def _reset_one(self) -> None:
        item = self.tree.currentItem()
        action = None if item is None else item.data(0, _ACTION)
        if action is None:
            self.message.setText("Choose a line first.")
            return
        self._try_reset(action)

    def _reset_all(self) -> None:
        self._try_reset(None)

    def _try_reset(self, action: str | None) -> None:
        try:
            self._keymap.reset(action)
        except KeymapError as error:
            self.message.setText(str(error))
            return
        self.message.setText("The default keys hold again.")
        self._renewed()

    def _renewed(self) -> None:
        self._fill()
        self.changed.emit()

    def _forget_field(self) -> None:
        field, self._field = self._field, None
        if field is None:
            return
        field.blockSignals(True)
        for at in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(at)
            for index in range(group.childCount()):
                if self.tree.itemWidget(group.child(index), 1) is field:
                    self.tree.removeItemWidget(group.child(index), 1)


def mouse_page(colours: Colours) -> QWidget:
    """Return the page about the mouse and the marks of the labelling dock."""
    marks = QGridLayout()
    marks.setColumnStretch(1, 1)
    for at, (look, form, flagged, words) in enumerate(MARKS):
        marks.addWidget(_swatch(look, form, flagged=flagged, rim=colours.text), at, 0)
        marks.addWidget(Sentence(words), at, 1)
    return explaining(MOUSE, LINES, marks)


def explaining(
    mouse: Sequence[tuple[str, str]], lines: Sequence[str], marks: QGridLayout | None = None
) -> QWidget:
    """Return a page: what the mouse does, what marks look like, and further sentences."""
    page = QWidget()
    layout = column(page, gap=MARGIN, margins=(MARGIN,) * 4)
    table = QGridLayout()
    table.setColumnStretch(1, 1)
    for at, (what, effect) in enumerate(mouse):
        table.addWidget(Sentence(what), at, 0)
        table.addWidget(Sentence(effect), at, 1)
    table.setColumnMinimumWidth(0, 150)
    layout.addLayout(table)
    if marks is not None:
        layout.addLayout(marks)
    for line in lines:
        layout.addWidget(Sentence(line))
    layout.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    return area


def _swatch(look: KeypointLook, form: Form, *, flagged: bool, rim: QColor) -> QLabel:
    label = QLabel()
    label.setPixmap(mark_pixmap(look, form, 24, rim, flagged=flagged))
    label.setFixedWidth(30)
    return label
