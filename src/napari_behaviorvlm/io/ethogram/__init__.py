"""Bouts of recordings in the formats of other tools."""

from collections.abc import Callable, Mapping
from pathlib import Path

from napari_behaviorvlm.io.ethogram.csv_file import write_csv
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram

Writer = Callable[[Ethogram, Path], None]

FORMATS: Mapping[str, tuple[str, Writer]] = {"csv": (".csv", write_csv)}
"""Ending and writer of every format; a writer makes one file of one recording."""

__all__ = ["FORMATS", "Ethogram", "Writer", "write_csv"]
