"""Results that can be computed again, as folders of arrays that can be mapped into memory.

A folder is named after what it holds and a key of everything it was made from. It is there whole
or not at all.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.atomic import atomic_directory, explained

FACTS = "facts.json"


@dataclass(frozen=True)
class DerivedArrays:
    """A complete folder of arrays.

    Parameters
    ----------
    folder : Path
    facts : dict
        What else there is to know about them: plain values, lists and dicts.
    """

    folder: Path
    facts: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Open a folder; None where it is missing or damaged, so that it is made again."""
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return cls(folder, facts) if isinstance(facts, dict) else None

    def array(self, name: str, *, mapped: bool = False) -> NDArray[Any]:
        """Array of a name.

        Parameters
        ----------
        name : str
        mapped : bool
            Leave it on disk and read what is looked at.

        Raises
        ------
        ProjectError
            If it is missing or damaged.
        """
        place = self.folder / f"{name}.npy"
        try:
            found: NDArray[Any] = np.load(place, mmap_mode="r" if mapped else None)
        except (OSError, ValueError, EOFError):
            raise ProjectError(
                f"{place} is missing or damaged: delete the folder {self.folder.name} and run the "
                "segmentation again."
            ) from None
        return found


class Writing:
    """Arrays of a folder that is being made.

    Parameters
    ----------
    folder : Path
        Where it is made.
    target : Path
        Where it will be, for messages.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self._folder, self._target = folder, target

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays."""
        with explained(self._target):
            for name, values in arrays.items():
                np.save(self._folder / f"{name}.npy", np.ascontiguousarray(values))

    def mapped(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Give an array of zeros on disk, to be filled piece by piece."""
        with explained(self._target):
            if not np.prod(shape):  # an empty file cannot be mapped
                nothing: NDArray[Any] = np.zeros(shape, dtype)
                np.save(self._folder / f"{name}.npy", nothing)
                return nothing
            made: NDArray[Any] = np.lib.format.open_memmap(
                self._folder / f"{name}.npy", "w+", np.dtype(dtype), shape
            )
        return made

    def drop(self, name: str) -> None:
        """Delete an array that was needed on the way only."""
        with explained(self._target):
            (self._folder / f"{name}.npy").unlink()

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Write what else there is to know; without them a folder is not complete."""
        with explained(self._target):
            text = json.dumps(dict(facts), indent=1)
            (self._folder / FACTS).write_text(text, encoding="utf-8")


@contextmanager
def made_arrays(folder: Path) -> Iterator[Writing]:
    """Make a folder of arrays, which takes its place when the block ends well.

    Raises
    ------
    ProjectError
        If the disk refuses.
    """
    if folder.exists() and DerivedArrays.open(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)  # damaged: it is made again
    with atomic_directory(folder, exist_ok=True, error=ProjectError) as temporary:
        yield Writing(temporary, folder)


def remove_older(place: Path, prefix: str, keep: set[str]) -> None:
    """Delete results of one kind in a folder, but those to keep."""
    for entry in place.glob(f"{prefix}-*"):
        if entry.is_dir() and entry.name not in keep:
            shutil.rmtree(entry, ignore_errors=True)
