"""Where every frame lies in the space that clusters were found in."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.joined import FeatureTable, seen, with_columns
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.behavior_folder import Recording
from napari_behaviorvlm.io.derived_arrays import DerivedArrays
from napari_behaviorvlm.workflows.behavior.segmentation.models import read_model
from napari_behaviorvlm.workflows.behavior.segmentation.places import Derives, read_pointer

Float32Array = NDArray[np.float32]


def embedded_pieces(
    folder: Derives, recording: Recording
) -> Iterator[tuple[slice, Float32Array]]:  # fmt: skip
    """Embed a recording's frames, a stretch at a time.

    Yields
    ------
    slice
        Which frames.
    ndarray of float32, shape (frames, animals, dimensions)
        NaN where nothing is known of an animal.

    Raises
    ------
    TableError
        If features or clusters are gone.
    """
    pointer = read_pointer(folder)
    known = read_model(model_folder(folder))
    table = _features(folder, recording, pointer)
    for rows, values in table.pieces():
        here = seen(values)
        full = with_columns(values, table.names, known.scaling.names, known.scaling.groups)
        found = known.model.assign(known.scaling(full[here].astype(np.float32))).embedded
        embedded = np.full((*here.shape, found.shape[1]), np.nan, np.float32)
        embedded[here] = found
        yield rows, embedded


def model_folder(folder: Derives) -> Path:
    """Folder of the clusters in use, which may belong to another behaviour folder.

    Raises
    ------
    TableError
        If it is gone, or nothing was segmented yet.
    """
    pointer = read_pointer(folder)
    if not pointer:
        raise TableError("There are no clusters yet: run `behaviorvlm behavior segment` first.")
    elsewhere = pointer.get("model_folder")
    place = Path(str(elsewhere)) if elsewhere else folder.derived() / str(pointer.get("model"))
    if DerivedArrays.open(place) is None:
        raise TableError(
            f"The clusters' model {place} is gone: run `behaviorvlm behavior segment` again."
        )
    return place


def _features(
    folder: Derives, recording: Recording, pointer: dict[str, dict[str, dict[str, str]]]
) -> FeatureTable:
    name = pointer.get("recordings", {}).get(recording.name, {}).get("features")
    found = None if name is None else DerivedArrays.open(folder.derived(recording) / name)
    if found is None:
        raise TableError(
            f"The features of {recording.name} are gone: run `behaviorvlm behavior segment` again."
        )
    return FeatureTable(
        tuple(found.facts["names"]), tuple(found.facts["groups"]),
        found.array("values", mapped=True),
    )  # fmt: skip
