"""Which model a person works with: where it is and what it is called, never its key.

Kept in the user's configuration folder as a TOML file, so that it need not be typed again.
"""

import os
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import tomli_w
from platformdirs import user_config_path

from napari_behaviorvlm.gui.keymap import APP
from napari_behaviorvlm.io.atomic import atomic_write_bytes
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.vlm.endpoint import OFFICIAL, clean_url
from napari_behaviorvlm.vlm.patience import RetryPolicy
from napari_behaviorvlm.vlm.session import Settings

FILE = "model.toml"

DEFAULT_KEY = "ANTHROPIC_API_KEY"

PATIENCE = 300.0
"""Seconds that a server which is overloaded or gone is waited for, with a person watching."""


@dataclass(frozen=True)
class ModelChoice:
    """A model as a person chose it.

    Parameters
    ----------
    base_url : str
        Address of the server; empty for Anthropic's own, or what ``ANTHROPIC_BASE_URL`` says.
    model : str
        Empty where the server has only one.
    key_env : str
        Environment variable that holds the key; empty for the usual one at Anthropic's own
        address and for none elsewhere.
    concurrency : int
        Questions asked at the same time.
    price_in, price_out : float
        USD per million tokens, where the offline tables do not know the model; 0 = not given.
    """

    base_url: str = ""
    model: str = ""
    key_env: str = ""
    concurrency: int = 4
    price_in: float = 0.0
    price_out: float = 0.0

    def settings(self, budget: float | None = None) -> Settings:
        """Return settings of a connection.

        Parameters
        ----------
        budget : float, optional
            USD that the project may have cost in all.
        """
        price = None
        if self.price_in or self.price_out:
            price = Price(self.price_in, self.price_out, self.price_in / 10, self.price_in * 1.25)
        return Settings(
            base_url=self.base_url or None, model=self.model or None, key_env=self.key_env or None,
            budget=budget, price=price, concurrency=self.concurrency,
            policy=RetryPolicy(patience=PATIENCE),
        )  # fmt: skip

    @property
    def address(self) -> str:
        """Where questions go: what is chosen, else the environment's, else Anthropic's own."""
        return self.base_url or os.environ.get("ANTHROPIC_BASE_URL") or OFFICIAL

    @property
    def key_words(self) -> str:
        """Whether a key goes along, in words; never the key."""
        name = self.key_env
        if not name:
            own = not self.base_url or _cleaned(self.base_url) == OFFICIAL
            name = DEFAULT_KEY if own else ""
        if not name:
            return "No key is sent."
        if os.environ.get(name):
            return f"The key in {name} is sent; it is kept nowhere."
        if self.key_env or _cleaned(self.address) == OFFICIAL:
            return f"{name} is not set: set it and start napari from the same terminal."
        return "No key is sent."

    @property
    def words(self) -> str:
        """The choice in a few words."""
        where = "Anthropic" if _cleaned(self.address) == OFFICIAL else _cleaned(self.address)
        return f"{self.model or 'the only model'} at {where}"

    # On disk -----------------------------------------------------------------------------------

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read what was chosen last; the defaults where nothing (usable) is kept."""
        try:
            found = tomllib.loads((path or user_file()).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return cls()
        kept: dict[str, Any] = {}
        for column in fields(cls):
            value = found.get(column.name)
            if isinstance(value, int) and isinstance(column.default, float):
                value = float(value)
            if type(value) is type(column.default):
                kept[column.name] = value
        return cls(**kept)

    def write(self, path: Path | None = None) -> None:
        """Keep the choice; a disk that refuses costs only typing."""
        target = path or user_file()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_bytes(target, tomli_w.dumps(asdict(self)).encode())
        except OSError:
            return


def user_file() -> Path:
    """Where the choice is kept."""
    return user_config_path(APP) / FILE


def _cleaned(address: str) -> str:
    from napari_behaviorvlm.core.errors import VLMError

    try:
        return clean_url(address)
    except VLMError:
        return address
