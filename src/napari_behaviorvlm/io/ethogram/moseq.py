"""Format ``moseq``: frame by frame, in the layout of keypoint-MoSeq's ``results.h5``.

A group per animal of a recording holds ``syllable``, ``latent_state``, ``centroid`` and
``heading``, with one entry per frame (Weinreb et al. 2024, doi:10.1038/s41592-024-02318-2). The
numbers are ours: clusters of clips and the space that they were found in, no syllables of a
keypoint-MoSeq model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import UNTRACKED
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram

MADE_BY = "napari-behaviorvlm: clusters of clips, not syllables of a keypoint-MoSeq model"


def write(ethograms: Sequence[Ethogram], path: Path, _place: Path) -> tuple[str, ...]:
    """Write all recordings, piece by piece.

    Parameters
    ----------
    ethograms : sequence of Ethogram
        With `pieces`.
    path : Path
    """
    import h5py

    labels = sorted({label for one in ethograms for label in one.labels})
    with h5py.File(path, "w") as file:
        file.attrs["made_by"] = MADE_BY
        # Everything below the root is taken for a recording by who reads such files.
        file.attrs["labels"] = np.array(labels, h5py.string_dtype())
        for one in ethograms:
            _recording(file, one, labels)
    return tuple(
        f"{one.recording}: frames in which an animal is not followed have the syllable -1, which "
        "keypoint-MoSeq refuses to count; take those that are `tracked`."
        for one in ethograms if one.untracked
    )  # fmt: skip


def _recording(file: Any, ethogram: Ethogram, labels: Sequence[str]) -> None:
    groups = [file.create_group(name) for name in group_names(ethogram)]
    for animal, group in zip(ethogram.animals, groups, strict=True):
        # What keypoint-MoSeq's own reader builds from a group.
        group.attrs["type"] = "dict"
        group.attrs.update({"recording": ethogram.recording, "animal": animal,
                            "fps": ethogram.fps})  # fmt: skip
        group["label"] = _labels(ethogram, animal, labels)
    assert ethogram.pieces is not None
    filled = 0
    for piece in ethogram.pieces():
        if not filled:
            dimensions = piece.embedded.shape[-1]
            for group in groups:
                _columns(group, ethogram.n_frames, dimensions)
        filled = piece.rows.stop
        for at, group in enumerate(groups):
            group["syllable"][piece.rows] = piece.cluster[:, at]
            group["latent_state"][piece.rows] = piece.embedded[:, at]
            group["centroid"][piece.rows] = piece.centre[:, at]
            group["heading"][piece.rows] = piece.heading[:, at]
            group["tracked"][piece.rows] = np.isfinite(piece.centre[:, at]).all(axis=-1)


def _columns(group: Any, n_frames: int, dimensions: int) -> None:
    """Room for every frame; what is never filled was not followed."""
    common = {"chunks": True, "compression": "gzip", "compression_opts": 1}
    missing = {"fillvalue": np.nan, **common}
    group.create_dataset("syllable", (n_frames,), np.int64, fillvalue=UNTRACKED, **common)
    group.create_dataset("latent_state", (n_frames, dimensions), np.float32, **missing)
    group.create_dataset("centroid", (n_frames, 2), np.float64, **missing)
    group.create_dataset("heading", (n_frames,), np.float64, **missing)
    group.create_dataset("tracked", (n_frames,), bool, fillvalue=False, **common)


def group_names(ethogram: Ethogram) -> list[str]:
    """Group of every animal: the recording, with the animal's name where there are several."""
    if len(ethogram.animals) == 1:
        return [_plain(ethogram.recording)]
    return [_plain(f"{ethogram.recording}_{animal}") for animal in ethogram.animals]


def _plain(name: str) -> str:
    return name.replace("/", "_")


def _labels(ethogram: Ethogram, animal: str, labels: Sequence[str]) -> NDArray[np.int64]:
    """Position of every frame's label; -1 where it has none."""
    numbers = {label: number for number, label in enumerate(labels)}
    row = np.full(ethogram.n_frames, UNTRACKED, np.int64)
    for bout in ethogram.of(animal):
        row[bout.start_frame : bout.end_frame + 1] = numbers[bout.label]
    return row
