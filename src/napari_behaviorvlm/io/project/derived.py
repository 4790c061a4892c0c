"""`derived/`: results that can be computed again, each under a key of what it was made from."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.io.atomic import atomic_directory

_LABEL_FIELDS = ("frames", "xy", "candidate", "status", "source", "confidence")
_POSE_FIELDS = (
    "points", "error", "view_error", "leave_one_out", "n_views", "covariance", "confidence",
)  # fmt: skip
_ALTERNATIVE = "alternative.npy"
_EXCHANGES = "exchanges.npy"
_LEANS = "leans.npy"


def content_key(made_from: Mapping[str, object]) -> str:
    """Short hash of everything a result depends on; equal inputs give equal keys."""
    text = json.dumps(made_from, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return [list(value.shape), hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} cannot be part of a content key")


def write_result(  # noqa: PLR0917
    folder: Path, labels: Labels, poses: Poses, alternative: NDArray[np.int16] | None = None,
    exchanges: NDArray[np.int64] | None = None, leans: NDArray[np.int64] | None = None,
) -> None:  # fmt: skip
    """Write proposals and poses of a run as arrays that can be mapped into memory.

    Parameters
    ----------
    folder : Path
    labels, poses : Labels, Poses
    alternative : ndarray of int16, shape (F, C, K), optional
        Candidates of the next best naming, 0 for none.
    exchanges : ndarray of int64, shape (n, 3), optional
        Frame, camera and number of every exchange with a model that the labels come from.
    leans : ndarray of int64, shape (F, K), optional
        Frame in which somebody was heard about a keypoint's dot, followed to here; -1 for none.

    Raises
    ------
    ProjectError
        If the disk is full or not writable; a result that was there stays as it is.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(folder, error=ProjectError, exist_ok=True) as temporary:
        for name in _LABEL_FIELDS:
            np.save(temporary / f"label_{name}.npy", getattr(labels, name))
        for name in _POSE_FIELDS:
            np.save(temporary / f"pose_{name}.npy", getattr(poses, name))
        if alternative is not None:
            np.save(temporary / _ALTERNATIVE, alternative)
        if exchanges is not None:
            np.save(temporary / _EXCHANGES, exchanges)
        if leans is not None:
            np.save(temporary / _LEANS, leans)


def read_result(folder: Path, *, writable: bool = False) -> tuple[Labels, Poses]:
    """Proposals and poses of a run, mapped into memory.

    Parameters
    ----------
    folder : Path
    writable : bool
        Whether the arrays may be written to; what is written stays in memory.

    Raises
    ------
    ProjectError
        If the result is missing or damaged.
    """
    mode: Literal["c", "r"] = "c" if writable else "r"
    try:
        # asarray: plain arrays over the same pages; memmap objects are slow to index.
        labels, poses = (
            {n: np.asarray(np.load(folder / f"{kind}_{n}.npy", mmap_mode=mode)) for n in names}
            for kind, names in (("label", _LABEL_FIELDS), ("pose", _POSE_FIELDS))
        )
    except (OSError, ValueError, EOFError):
        raise ProjectError(
            f"{folder} is missing or damaged: run `behaviorvlm label` again."
        ) from None
    return Labels(**labels), Poses(labels["frames"], **poses)


def read_alternative(folder: Path, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Candidates of a run's next best naming, shape (F, C, K); zeros where it kept none."""
    try:
        found: NDArray[np.int16] = np.asarray(np.load(folder / _ALTERNATIVE, mmap_mode="r"))
    except (OSError, ValueError, EOFError):
        return np.zeros(shape, np.int16)
    return found


def read_exchanges(folder: Path) -> NDArray[np.int64]:
    """Return frame, camera and number of a run's exchanges, shape (n, 3); none where it has none.

    The numbers are those of `napari_behaviorvlm.vlm.store.AnswerStore`.
    """
    try:
        found: NDArray[np.int64] = np.asarray(np.load(folder / _EXCHANGES, mmap_mode="r"))
    except (OSError, ValueError, EOFError):
        return np.zeros((0, 3), np.int64)
    return found


def read_leans(folder: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the frame that each keypoint's name leans on, shape (F, K); -1 for none."""
    try:
        found: NDArray[np.int64] = np.asarray(np.load(folder / _LEANS, mmap_mode="r"))
    except (OSError, ValueError, EOFError):
        return np.full(shape, -1)
    return found


def has_result(folder: Path) -> bool:
    """Whether a run's result is there."""
    return (folder / f"pose_{_POSE_FIELDS[-1]}.npy").is_file()


def remove_others(folder: Path, keep: Iterable[str]) -> None:
    """Delete results that no run refers to any more."""
    kept = set(keep)
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir() and entry.name not in kept:
                shutil.rmtree(entry, ignore_errors=True)
