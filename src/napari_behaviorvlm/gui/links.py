"""Signals and slots that are connected together and let go together."""

from collections.abc import Callable
from typing import Any


class Links:
    """Connections between signals and slots that are undone in one place."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []

    def add(self, *links: tuple[Any, Callable[..., Any]]) -> None:
        """Connect each signal, of Qt or of psygnal, to its slot."""
        for signal, slot in links:
            signal.connect(slot)
            self._made.append((signal, slot))

    def cut(self) -> None:
        """Undo all connections; may be called again."""
        while self._made:
            signal, slot = self._made.pop()
            try:
                signal.disconnect(slot)
            except (RuntimeError, TypeError, ValueError):  # its C++ side is gone already
                continue

    def __len__(self) -> int:
        return len(self._made)
