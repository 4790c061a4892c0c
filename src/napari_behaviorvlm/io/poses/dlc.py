"""DeepLabCut: results of a video and hand labels, one or several animals, .csv and .h5."""

import csv
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.poses.table import PoseTable

FloatArray = NDArray[np.float64]

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_UNIQUE = "single"
"""Individual under which bodyparts stand that exist once in a multi-animal project."""
_ONE_ANIMAL = "A0"
_MOST_FRAMES = 50_000_000


def read_csv(path: Path, least_likelihood: float) -> PoseTable:
    """Read a .csv of DeepLabCut.

    Raises
    ------
    TableError
        If header or numbers are not as DeepLabCut writes them.
    """
    import pandas as pd

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [row for _, row in zip(range(len(_LEVELS)), csv.reader(file), strict=False)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path} is damaged: its header is no text.") from error
    levels: dict[str, list[str]] = {}
    for row in lines:
        if row and row[0].strip() in _LEVELS:
            levels[row[0].strip()] = [cell.strip() for cell in row]
    if not {"bodyparts", "coords"} <= set(levels):
        raise TableError(f"{path} lacks DeepLabCut's header line 'bodyparts' or 'coords'.")
    # Hand labels of newer versions have the image in three columns; the two further are unnamed.
    coords = levels["coords"]
    n_index = next((at for at, cell in enumerate(coords) if at and cell), len(coords))
    try:
        data = pd.read_csv(path, header=None, skiprows=len(levels), encoding="utf-8-sig")
        values = data.iloc[:, n_index:].to_numpy(float)
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(f"{path} is damaged: not all of its values are numbers.") from error
    if values.shape[1] != len(coords) - n_index:
        raise TableError(
            f"{path} is damaged: rows have {values.shape[1]} values, the header has "
            f"{len(coords) - n_index}."
        )
    index = data.iloc[:, n_index - 1].tolist()
    names = {level: cells[n_index:] for level, cells in levels.items()}
    return _table(path, names, index, values, least_likelihood)


def read_h5(path: Path, least_likelihood: float) -> PoseTable:
    """Read an .h5 of DeepLabCut.

    Raises
    ------
    TableError
        If it is not a table as DeepLabCut writes it.
    """
    import pandas as pd

    try:
        frame: Any = pd.read_hdf(path)
    except (ValueError, KeyError, OSError, TypeError, AttributeError) as error:
        raise TableError(f"{path} is damaged, or holds no table of DeepLabCut: {error}.") from error
    columns: Any = getattr(frame, "columns", None)
    known = [] if columns is None else [name for name in columns.names if name in _LEVELS]
    if not {"bodyparts", "coords"} <= set(known):
        raise TableError(f"{path} holds a table that DeepLabCut did not write.")
    names = {level: [str(v) for v in columns.get_level_values(level)] for level in known}
    index = [entry[-1] if isinstance(entry, tuple) else entry for entry in frame.index]
    return _table(path, names, index, frame.to_numpy(float), least_likelihood)


def _table(
    path: Path, names: dict[str, list[str]], index: Sequence[Hashable], values: FloatArray,
    least_likelihood: float,
) -> PoseTable:  # fmt: skip
    parts, coords = names["bodyparts"], names["coords"]
    whose = names.get("individuals", [_ONE_ANIMAL] * len(parts))
    animals = tuple(dict.fromkeys(whose))
    if len(animals) > 1:
        animals = tuple(animal for animal in animals if animal != _UNIQUE)
    keypoints = tuple(
        dict.fromkeys(p for p, who in zip(parts, whose, strict=True) if who in animals)
    )
    axes = ("x", "y", "z") if "z" in coords else ("x", "y")
    read = np.full((len(values), len(animals), len(keypoints), len(axes)), np.nan)
    likely = np.ones(read.shape[:3])
    for column, (who, part, coord) in enumerate(zip(whose, parts, coords, strict=True)):
        if who not in animals:
            continue
        at = (slice(None), animals.index(who), keypoints.index(part))
        if coord in axes:
            read[(*at, axes.index(coord))] = values[:, column]
        elif coord == "likelihood":
            likely[at] = values[:, column]
    read[~(likely >= least_likelihood)] = np.nan
    return PoseTable(animals, keypoints, _by_frame(path, index, read))


def _by_frame(path: Path, index: Sequence[Hashable], read: FloatArray) -> FloatArray:
    frames = np.array([_frame_number(path, entry) for entry in index], dtype=np.int64)
    if not len(frames):
        raise TableError(f"{path} has no rows.")
    if frames.min() < 0 or frames.max() >= _MOST_FRAMES:
        raise TableError(f"{path} names the impossible frame {frames[np.abs(frames).argmax()]}.")
    positions = np.full((int(frames.max()) + 1, *read.shape[1:]), np.nan)
    positions[frames] = read
    return positions


def _frame_number(path: Path, entry: Hashable) -> int:
    """Frame of a row: a number, or the number in the name of an image."""
    if isinstance(entry, (int, float, np.integer, np.floating)) and np.isfinite(entry):
        return int(entry)
    digits = re.findall(r"\d+", str(entry).rsplit("/", 1)[-1].rsplit("\\", 1)[-1])
    if not digits:
        raise TableError(f"{path} has a row for {entry!r}, which is no frame number.")
    return int(digits[-1])
