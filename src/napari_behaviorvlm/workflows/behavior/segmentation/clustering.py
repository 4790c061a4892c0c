"""Third and fourth stage: clusters over all animals and recordings, and clips cut from them."""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.clips import cut_clips
from napari_behaviorvlm.behavior.embedding.base import PER_ANIMAL, Clusterer
from napari_behaviorvlm.behavior.embedding.classical import (
    DensityClusters,
    KMeansClusters,
    MixtureClusters,
    UmapClusters,
)
from napari_behaviorvlm.behavior.embedding.dec import DEC, DECSettings
from napari_behaviorvlm.behavior.features.joined import (
    FeatureTable,
    JoinedScaling,
    common_columns,
    seen,
    with_columns,
)
from napari_behaviorvlm.behavior.features.sampling import Thinned
from napari_behaviorvlm.core.bouts import UNTRACKED, Clips
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.derived_arrays import DerivedArrays, Writing, made_arrays
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.behavior.segmentation.describing import Described
from napari_behaviorvlm.workflows.behavior.segmentation.models import (
    KnownClusters,
    plane_of,
    read_model,
    write_model,
)
from napari_behaviorvlm.workflows.behavior.segmentation.places import file_key
from napari_behaviorvlm.workflows.behavior.segmentation.request import SegmentRequest

VERSION = 3
"""Raise it when the same features give other clusters: part of keys."""

SAMPLE = 25_000
"""Moments that clusters are fitted to at most."""
SHOWN = 3000
"""Moments of a recording in the scatter plot at most."""

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Clusters of all recordings, on disk."""

    folder: Path
    computed: bool
    notes: tuple[str, ...] = ()


# Clusters ------------------------------------------------------------------------------------


def fit(
    folder: BehaviorFolder, described: Sequence[Described], request: SegmentRequest
) -> Generator[Progress, None, Fitted]:
    """Find clusters in the moments of all animals and recordings, unless that was done.

    Raises
    ------
    TableError
        If no animal is ever followed, or the method needs what is not installed.
    """
    if request.known is not None:
        read_model(request.known)
        return Fitted(request.known, computed=False)
    key = content_key({
        "version": VERSION, "features": [one.folder.name for one in described],
        "method": request.method, "clusters": request.n_clusters, "seed": request.seed,
    })  # fmt: skip
    place = folder.derived() / f"model-{key}"
    done = DerivedArrays.open(place)
    if done is not None:
        return Fitted(place, computed=False)
    tables = [one.table for one in described]
    names, groups = common_columns([(table.names, table.groups) for table in tables])
    sample = yield from _sample(tables, names, groups)
    scaling = JoinedScaling.measure(sample, names, groups)
    scaled = scaling(sample)
    animals = max(table.values.shape[1] for table in tables)
    wanted = request.n_clusters or PER_ANIMAL * animals
    n_clusters = min(wanted, _distinct(scaled))
    method = clusterer(request) if n_clusters > 1 else KMeansClusters(request.seed)
    model = yield from method.fit(scaled, n_clusters)
    plane = plane_of(model.assign(scaled[: SAMPLE // 4]).embedded)
    with made_arrays(place) as writing:
        write_model(writing, KnownClusters(scaling, model, plane, request.method), scaled)
    return Fitted(place, True, _few(wanted, n_clusters))


def _few(wanted: int, n_clusters: int) -> tuple[str, ...]:
    if n_clusters >= wanted:
        return ()
    return (f"Only {n_clusters} clusters instead of {wanted}: no more moments differ.",)


def _distinct(values: Float32Array) -> int:
    """How many moments differ, counted in a part of them."""
    few = values[:: max(1, len(values) // 2000)]
    return len(np.unique(np.round(few, 3), axis=0))


def _sample(
    tables: Sequence[FeatureTable], names: tuple[str, ...], groups: tuple[str, ...]
) -> Generator[Progress, None, Float32Array]:
    """Moments spread evenly over all recordings, shape (moments, features)."""
    total = sum(len(table.values) for table in tables)
    kept = Thinned(SAMPLE)
    passed = 0
    for table in tables:
        for part, values in table.pieces():
            full = with_columns(values, table.names, names, groups).astype(np.float32)
            kept.add(full[seen(values)])
            yield Progress(passed + part.stop, total, "choosing moments")
        passed += len(table.values)
    if not len(kept):
        return np.zeros((0, len(names)), np.float32)
    return np.asarray(kept.rows, np.float32)


def clusterer(request: SegmentRequest) -> Clusterer:
    """Give the method of a request."""
    seed = request.seed
    if request.method == "kmeans":
        return KMeansClusters(seed)
    if request.method == "gmm":
        return MixtureClusters(seed)
    if request.method == "hdbscan":
        return DensityClusters()
    if request.method == "umap+gmm":
        return UmapClusters(seed)
    return DEC(DECSettings(seed=seed, device=request.device))


# Clips ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Cut:
    """Clips of a recording, on disk."""

    folder: Path
    clips: int
    n_clusters: int
    computed: bool


def cut(
    folder: BehaviorFolder, described: Described, fitted: Fitted, request: SegmentRequest
) -> Generator[Progress, None, Cut]:
    """Assign a recording's frames to clusters and cut clips, unless that was done."""
    key = content_key({
        "version": VERSION, "features": described.folder.name, "bodies":
        described.tracked.folder.name, "model": file_key(fitted.folder / "facts.json"),
        "folder": fitted.folder.name, "clips": asdict(request.clips),
    })  # fmt: skip
    place = folder.derived(described.tracked.recording) / f"clusters-{key}"
    done = DerivedArrays.open(place)
    if done is None:
        known = read_model(fitted.folder)
        with made_arrays(place) as writing:
            yield from _write(writing, described, known, request)
        done = DerivedArrays.open(place)
        assert done is not None
        return Cut(place, int(done.facts["clips"]), int(done.facts["n_clusters"]), computed=True)
    return Cut(place, int(done.facts["clips"]), int(done.facts["n_clusters"]), computed=False)


def _write(
    writing: Writing, described: Described, known: KnownClusters, request: SegmentRequest
) -> Generator[Progress, None, None]:
    bodies, table = described.tracked.bodies, described.table
    name = described.tracked.recording.name
    shape = table.values.shape[:2]
    # On disk while clips are cut: the only table with a column per cluster.
    shares = writing.mapped("memberships", (*shape, known.model.n_clusters), np.float32)
    labels = np.full(shape, UNTRACKED, np.int16)
    confidence = np.zeros(shape, np.float32)
    shown, step = _Shown(), max(1, -(-shape[0] * shape[1] // SHOWN))
    for part, values in table.pieces():
        here = seen(values)
        if here.any():
            full = with_columns(values, table.names, known.scaling.names, known.scaling.groups)
            found = known.model.assign(known.scaling(full[here].astype(np.float32)))
            block = np.zeros((*here.shape, known.model.n_clusters), np.float32)
            block[here] = found.memberships
            shares[part] = block
            labels[part][here] = found.labels
            confidence[part][here] = found.memberships.max(axis=1)
            shown.add(known.shown(found.embedded), part.start, here, step)
        yield Progress(part.stop, shape[0], f"{name}: assigning frames to clusters")
    clips = cut_clips(
        labels.astype(np.int64), bodies.fps, bodies.animals, shares, request.clips
    )  # fmt: skip
    del shares
    writing.drop("memberships")
    writing.put({"labels": labels, "confidence": confidence, **shown.arrays(), **_columns(clips)})
    writing.facts({
        "animals": clips.animals, "fps": clips.fps, "n_frames": clips.n_frames,
        "clips": len(clips), "n_clusters": known.model.n_clusters,
        "history": known.model.history, "method": known.method,
    })  # fmt: skip


CLIP_COLUMNS = ("animal", "start", "end", "cluster", "confidence")


def _columns(clips: Clips) -> dict[str, NDArray[np.generic]]:
    return {f"clip_{name}": getattr(clips, name) for name in CLIP_COLUMNS}


class _Shown:
    """Moments of the scatter plot."""

    def __init__(self) -> None:
        self._parts: list[tuple[Float32Array, NDArray[np.int64], NDArray[np.int64]]] = []

    def add(
        self, places: Float32Array, first: int, here: NDArray[np.bool_], step: int
    ) -> None:  # fmt: skip
        """Take every step-th moment."""
        rows, animals = np.nonzero(here)
        self._parts.append((places[::step], first + rows[::step], animals[::step]))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """As columns."""
        if not self._parts:
            nothing = np.zeros(0, np.int64)
            return {"scatter": np.zeros((0, 2), np.float32), "scatter_frame": nothing,
                    "scatter_animal": nothing}  # fmt: skip
        places, frames, animals = zip(*self._parts, strict=True)
        return {
            "scatter": np.concatenate(places), "scatter_frame": np.concatenate(frames),
            "scatter_animal": np.concatenate(animals),
        }  # fmt: skip
