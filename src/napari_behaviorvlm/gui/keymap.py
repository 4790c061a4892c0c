"""Which key does what: the defaults of the actions, and what the annotator has changed.

Changed keys live in the user's configuration folder, as a TOML file that can be read and edited::

    [keys]
    next_flagged = ["Space", "N"]

Keys are written as Qt does in every language ("Ctrl+Shift+Z"). This module knows no Qt.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import tomli_w
from platformdirs import user_config_path

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.atomic import atomic_write_bytes

APP = "behaviorvlm"
FILE = "keys.toml"
BEHAVIOR_FILE = "behavior_keys.toml"
TABLE = "keys"

MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
"""In the order in which Qt writes them: Ctrl+Alt+Shift+Meta, as `normal_key` returns them."""

_SAME = {
    "enter": "Return", "esc": "Escape", "delete": "Del", "insert": "Ins", "pageup": "PgUp",
    "pagedown": "PgDown", "shift+tab": "Shift+Tab", "backtab": "Shift+Tab",
}  # fmt: skip
_NAMES = (
    "Space", "Return", "Escape", "Tab", "Backspace", "Del", "Ins", "Home", "End", "PgUp", "PgDown",
    "Left", "Right", "Up", "Down",
)  # fmt: skip

RESERVED = {
    "Ctrl+S": "napari saves layers with it",
    "Ctrl+Shift+S": "napari saves layers with it",
    "Ctrl+W": "napari closes its window with it",
    "Ctrl+Q": "napari quits with it",
    "Ctrl+Shift+P": "napari opens its command palette with it",
    "Escape": "it leaves text fields and dialogs",
}
"""Keys that are not ours to give away, and why."""


class KeymapError(BehaviorVLMError):
    """A key cannot be given to an action, or the file of changed keys cannot be used."""


def user_file() -> Path:
    """Where a person's own keys are kept."""
    return user_config_path(APP) / FILE


def behavior_keys_file() -> Path:
    """Where a person's own keys of the behaviour dock are kept."""
    return user_config_path(APP) / BEHAVIOR_FILE


def normal_key(written: str) -> str:
    """Return a key combination as Qt writes it: ``"shift+ctrl+z"`` becomes ``"Ctrl+Shift+Z"``.

    Raises
    ------
    KeymapError
        If it is no key.
    """
    parts, key = _split(written)
    key = _SAME.get(key.lower(), key)
    if "+" in key and key != "+":  # Backtab is a key with a modifier
        modifier, key = key.split("+")
        parts = [*parts, modifier]
    names = {name.lower(): name for name in _NAMES}
    key = names.get(key.lower(), key.upper() if len(key) == 1 else key.title())
    wanted = {part.strip().title() for part in parts}
    is_function_key = key[:1] == "F" and key[1:].isdigit()
    if not wanted <= set(MODIFIERS) or not (len(key) == 1 or key in _NAMES or is_function_key):
        raise KeymapError(f"{written!r} is not a key: write it like Ctrl+Shift+Z or Space.")
    return "+".join([*(name for name in MODIFIERS if name in wanted), key])


def _split(written: str) -> tuple[list[str], str]:
    """Separate modifiers from the key, which may itself be a plus."""
    text = written.strip() or " "
    if text.endswith("+"):
        return [part for part in text[:-1].split("+") if part], "+"
    *parts, key = text.split("+")
    return parts, key.strip() or "Space"


class Keymap:
    """Keys of all actions.

    Parameters
    ----------
    defaults : mapping of str to iterable of str
        Default keys by action id.
    path : Path, optional
        Where changes are kept; nowhere if None.

    Attributes
    ----------
    problem : str
        Why the file of changed keys was not followed everywhere, in one sentence; "" if it was.
    """

    def __init__(self, defaults: Mapping[str, Iterable[str]], path: Path | None = None) -> None:
        self._defaults = {
            action: tuple(dict.fromkeys(normal_key(key) for key in keys))
            for action, keys in defaults.items()
        }
        self._path = path
        self._changed: dict[str, tuple[str, ...]] = {}
        self._actions: dict[str, str] = {}
        self.problem = ""
        self._index()
        self._read()

    def keys(self, action: str) -> tuple[str, ...]:
        """Keys of an action, the one to show first."""
        return self._changed.get(action, self._defaults.get(action, ()))

    def action(self, key: str) -> str | None:
        """Return the action of a key as Qt writes it, None if it has none."""
        return self._actions.get(key)

    def is_changed(self, action: str) -> bool:
        """Whether the keys of an action are not the default ones."""
        return action in self._changed

    def rebind(self, action: str, keys: Iterable[str]) -> None:
        """Give an action other keys, and keep that.

        Raises
        ------
        KeymapError
            If a key belongs to another action or to napari, or the file cannot be written.
        """
        chosen = tuple(dict.fromkeys(normal_key(key) for key in keys))
        for key in chosen:
            self._refuse_taken(action, key)
        self._set(action, chosen)
        self._write()

    def reset(self, action: str | None = None) -> None:
        """Give an action, or all, the default keys again.

        Raises
        ------
        KeymapError
            If a default key now belongs to another action.
        """
        if action is None:
            self._changed.clear()
        else:
            for key in self._defaults[action]:
                self._refuse_taken(action, key)
            self._changed.pop(action, None)
        self._index()
        self._write()

    def _refuse_taken(self, action: str, key: str) -> None:
        if key in RESERVED and key not in self._defaults[action]:
            raise KeymapError(f"{key} cannot be used: {RESERVED[key]}.")
        holder = self._actions.get(key)
        if holder not in {None, action}:
            raise TakenKeyError(key, str(holder))

    def _set(self, action: str, keys: tuple[str, ...]) -> None:
        if keys == self._defaults[action]:
            self._changed.pop(action, None)
        else:
            self._changed[action] = keys
        self._index()

    def _index(self) -> None:
        self._actions = {key: action for action in self._defaults for key in self.keys(action)}

    def _read(self) -> None:
        if self._path is None or not self._path.is_file():
            return
        try:
            table = tomllib.loads(self._path.read_text("utf-8")).get(TABLE, {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            self.problem = f"{self._path} cannot be read, so the default keys are used."
            return
        for action, keys in table.items():
            if action in self._defaults:  # else of another version of this program
                self._follow(action, keys)
        self._index()
        self._drop_doubles()

    def _follow(self, action: str, keys: object) -> None:
        """Take one line of the file over; what does not fit is said and left out."""
        if not isinstance(keys, list):
            self.problem = f'{self._path}, {action}: keys stand in brackets, as ["Space"].'
            return
        try:
            chosen = tuple(normal_key(str(key)) for key in keys)
        except KeymapError as error:
            self.problem = f"{self._path}, {action}: {error}"
            return
        refused = RESERVED.keys() - set(self._defaults[action])
        self._changed[action] = tuple(key for key in chosen if key not in refused)

    def _drop_doubles(self) -> None:
        """Give actions their default keys again until no key leads to two."""
        while double := self._double():
            action, key, holder = double
            self.problem = (
                f"{self._path} gives {key} to {action} though it belongs to {holder}, "
                f"so {action} keeps its default key."
            )
            del self._changed[action]
            self._index()

    def _double(self) -> tuple[str, str, str] | None:
        """Find a changed action with a key that another action has too."""
        for action in self._changed:
            for key in self.keys(action):
                for holder in self._defaults:
                    if holder != action and key in self.keys(holder):
                        return action, key, holder
        return None

    def _write(self) -> None:
        if self._path is None:
            return
        content = {TABLE: {action: list(keys) for action, keys in self._changed.items()}}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_bytes(self._path, tomli_w.dumps(content).encode())
        except OSError as error:
            raise KeymapError(
                f"{self._path} cannot be written ({error.strerror}): "
                "the keys hold until this window closes."
            ) from None


class TakenKeyError(KeymapError):
    """A key belongs to another action.

    Parameters
    ----------
    key : str
    holder : str
        Id of the action that has it.
    """

    def __init__(self, key: str, holder: str) -> None:
        super().__init__(f"{key} already belongs to {holder!r}: give that another key first.")
        self.key, self.holder = key, holder
