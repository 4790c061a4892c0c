"""What a format's writer is given and gives back."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.selection import Selection
from napari_behaviorvlm.io.export.session import ExportSession


@dataclass(frozen=True)
class ExportTask:
    """One export, as a format's writer sees it.

    Parameters
    ----------
    session : ExportSession
    selection : Selection
    folder : Path
        Empty folder to fill.
    out : Path
        Absolute path the folder will have when it is complete.
    """

    session: ExportSession
    selection: Selection
    folder: Path
    out: Path


@dataclass(frozen=True)
class Outcome:
    """What a writer wrote.

    Parameters
    ----------
    files : tuple of str
        What a person opens first, relative to the folder.
    has_points : bool
        Whether 3D points are in it.
    warnings : tuple of str
        One sentence each.
    """

    files: tuple[str, ...]
    has_points: bool = False
    warnings: tuple[str, ...] = ()


class Writer(Protocol):
    """Fills an export's folder, reporting on the way."""

    def __call__(self, task: ExportTask) -> Generator[Progress, None, Outcome]:
        """Write the export; raise ExportError with one sentence where that cannot be done."""
        ...
