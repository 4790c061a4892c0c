"""A fitted clustering on disk: for the frames of its own recordings, and for further ones.

Deep clusters are kept as they are. Of the other methods a sample of moments with their memberships
is kept; a moment takes the mean of those nearest to it. No file holds code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.embedding.base import Assignment, FittedClusters
from napari_behaviorvlm.behavior.embedding.dec import FittedDEC
from napari_behaviorvlm.behavior.embedding.network import Encoder
from napari_behaviorvlm.behavior.embedding.soft import squared_distances
from napari_behaviorvlm.behavior.features.joined import JoinedScaling
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.derived_arrays import DerivedArrays, Writing

Float32Array = NDArray[np.float32]

KEPT = 6000
"""Moments that are kept of methods without a formula."""
NEIGHBOURS = 5
_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Memberships of moments from those nearest to them.

    Parameters
    ----------
    moments : ndarray of float32, shape (moments, numbers)
    memberships : ndarray of float32, shape (moments, clusters)
    embedded : ndarray of float32, shape (moments, dimensions)
    history : dict of str to list of float
    """

    moments: Float32Array
    memberships: Float32Array
    embedded: Float32Array
    history: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: FittedClusters, sample: Float32Array) -> "Neighbours":
        """Keep what a model says of a sample."""
        sample = sample[:: max(1, -(-len(sample) // KEPT))]
        found = model.assign(sample)
        return cls(sample, found.memberships, found.embedded, model.history)

    @property
    def n_clusters(self) -> int:
        """Columns of the memberships."""
        return int(self.memberships.shape[1])

    def assign(self, values: Float32Array) -> Assignment:
        """Assign moments, shape (moments, numbers)."""
        count = min(NEIGHBOURS, len(self.moments))
        shares = np.zeros((len(values), self.n_clusters), np.float32)
        embedded = np.zeros((len(values), self.embedded.shape[1]), np.float32)
        for at in range(0, len(values), _AT_ONCE):
            part = slice(at, at + _AT_ONCE)
            squares = squared_distances(np.asarray(values[part], np.float32), self.moments)
            nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
            weight = 1 / (np.take_along_axis(squares, nearest, axis=1) + 1e-6)
            weight /= weight.sum(axis=1, keepdims=True)
            shares[part] = np.einsum("ij,ijk->ik", weight, self.memberships[nearest])
            embedded[part] = np.einsum("ij,ijk->ik", weight, self.embedded[nearest])
        return Assignment(shares, embedded)


@dataclass(frozen=True, eq=False)
class KnownClusters:
    """A clustering with the scaling before it and the plane in which it is shown.

    Parameters
    ----------
    scaling : JoinedScaling
    model : FittedClusters
    plane : (ndarray, ndarray)
        Middle, shape (dimensions,), and axes, shape (dimensions, 2), of the scatter plot.
    method : str
    """

    scaling: JoinedScaling
    model: FittedClusters
    plane: tuple[Float32Array, Float32Array]
    method: str

    def shown(self, embedded: Float32Array) -> Float32Array:
        """Places in the scatter plot, shape (moments, 2)."""
        middle, axes = self.plane
        return np.asarray((embedded - middle) @ axes, np.float32)


def plane_of(embedded: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Plane of the two principal components, shapes (dimensions,) and (dimensions, 2)."""
    middle = embedded.mean(axis=0)
    offset = (embedded - middle).astype(np.float64)
    _, vectors = np.linalg.eigh(offset.T @ offset / max(len(offset), 1))
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.where(axes.sum(axis=0) < 0, -1, 1)
    if axes.shape[1] < 2:
        axes = np.concatenate([axes, np.zeros((len(axes), 2 - axes.shape[1]))], axis=1)
    return middle.astype(np.float32), axes.astype(np.float32)


def write_model(writing: Writing, known: KnownClusters, sample: Float32Array) -> None:
    """Write a clustering; `sample` are scaled moments it was fitted to."""
    scaling, model = known.scaling, known.model
    arrays: dict[str, NDArray[np.float32]] = {
        "mean": scaling.mean, "width": scaling.width, "weight": scaling.weight,
        "plane_middle": known.plane[0], "plane_axes": known.plane[1],
        **{f"basis_{group}": basis for group, basis in scaling.bases.items()},
    }  # fmt: skip
    layers = 0
    if isinstance(model, FittedDEC):
        arrays["centres"] = model.centres
        layers = len(model.encoder.layers)
        for number, (weight, bias) in enumerate(model.encoder.layers):
            arrays |= {f"weight_{number}": weight, f"bias_{number}": bias}
    else:
        kept = Neighbours.of(model, sample)
        arrays |= {
            "moments": kept.moments,
            "memberships": kept.memberships,
            "embedded": kept.embedded,
        }
    writing.put(arrays)
    writing.facts({
        "names": scaling.names, "groups": scaling.groups, "bases": list(scaling.bases),
        "layers": layers, "history": model.history, "method": known.method,
    })  # fmt: skip


def read_model(folder: Path) -> KnownClusters:
    """Clustering that `write_model` wrote.

    Raises
    ------
    TableError
        If there is none.
    """
    found = DerivedArrays.open(folder)
    if found is None or "layers" not in found.facts:
        raise TableError(
            f"{folder} holds no clusters: give a behaviour folder that was segmented, or its "
            "derived/shared/model-... folder."
        )
    facts = found.facts
    scaling = JoinedScaling(
        tuple(facts["names"]), tuple(facts["groups"]), found.array("mean"), found.array("width"),
        found.array("weight"), {group: found.array(f"basis_{group}") for group in facts["bases"]},
    )  # fmt: skip
    plane = (found.array("plane_middle"), found.array("plane_axes"))
    return KnownClusters(scaling, _fitted(found, facts), plane, str(facts["method"]))


def _fitted(found: DerivedArrays, facts: Mapping[str, object]) -> FittedClusters:
    history = facts["history"]
    assert isinstance(history, dict)
    layers = facts["layers"]
    assert isinstance(layers, int)
    if layers:
        network = Encoder(
            tuple((found.array(f"weight_{n}"), found.array(f"bias_{n}")) for n in range(layers))
        )
        return FittedDEC(network, found.array("centres"), history)
    return Neighbours(
        found.array("moments"), found.array("memberships"), found.array("embedded"), history
    )
