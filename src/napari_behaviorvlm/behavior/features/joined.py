"""Features of several kinds side by side: keypoints, neighbours, looks, movement, shape.

Columns are known by name, so that recordings with different numbers of animals go together. What
one kind does not tell of a moment stands at its mean: it neither draws the moment to a cluster nor
keeps it from one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.stream import FLOORS, SHARES
from napari_behaviorvlm.core.errors import TableError

Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

PIXEL_FLOORS = {"shape": 0.06, "motion": 0.4, "looks": 0.04, "codes": 1e-3}
"""Least width: body lengths, asinh of rates, share of full brightness, an encoder's own unit."""
PIXEL_SHARES = {"shape": 1.0, "motion": 1.0, "looks": 0.5, "codes": 0.5}
REDUCED = {"looks": 8, "codes": 16}
"""Groups that are reduced to so many principal components before they count."""

FARTHEST = 4.0
"""Standard deviations beyond which a value is cut off: one tracking error must not be a cluster."""

ALL_FLOORS = {**FLOORS, **PIXEL_FLOORS}
ALL_SHARES = {**SHARES, **PIXEL_SHARES}


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of a recording.

    Parameters
    ----------
    names, groups : tuple of str
        Of the columns.
    values : ndarray of float32, shape (frames, animals, features)
        NaN = not known; may lie on disk.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: Float32Array

    def pieces(self, frames: int = 4096) -> Iterable[tuple[slice, Float32Array]]:
        """Hand out stretches of frames, in order."""
        for start in range(0, len(self.values), frames):
            part = slice(start, min(start + frames, len(self.values)))
            yield part, np.asarray(self.values[part])


def seen(values: Float32Array) -> BoolArray:
    """Where anything is known of an animal, shape (frames, animals)."""
    return np.asarray(np.isfinite(values).any(axis=-1))


def common_columns(
    tables: Sequence[tuple[tuple[str, ...], tuple[str, ...]]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and groups of the columns that occur in any of several tables."""
    found: dict[str, str] = {}
    for names, groups in tables:
        found |= dict(zip(names, groups, strict=True))
    return tuple(found), tuple(found.values())


def with_columns(
    values: Float32Array, names: tuple[str, ...], wanted: tuple[str, ...],
    groups: tuple[str, ...],
) -> Float32Array:  # fmt: skip
    """Bring columns into another order.

    Relations to others that a recording has not (there are no others) are 0, as `relations` writes
    nobody; everything else that is missing is NaN.
    """
    if names == wanted:
        return values
    place = {name: at for at, name in enumerate(names)}
    known = np.isfinite(values).any(axis=-1)
    out = np.full((*values.shape[:-1], len(wanted)), np.nan, np.float32)
    for at, (name, group) in enumerate(zip(wanted, groups, strict=True)):
        if name in place:
            out[..., at] = values[..., place[name]]
        elif group == "social":
            out[..., at] = np.where(known, 0.0, np.nan)
    return out


@dataclass(frozen=True, eq=False)
class JoinedScaling:
    """Brings features to a common scale, reduces large groups, and fills what is missing.

    Parameters
    ----------
    names, groups : tuple of str
        Columns that come in.
    mean, width : ndarray of float32, shape (features,)
        A constant feature has width infinity and becomes 0.
    weight : ndarray of float32, shape (numbers,)
        Of what goes out.
    bases : dict of str to ndarray of float32, shape (features of the group, components)
        Principal components of groups that are reduced.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    mean: Float32Array
    width: Float32Array
    weight: Float32Array
    bases: dict[str, Float32Array] = field(default_factory=dict)

    @classmethod
    def measure(
        cls, sample: Float32Array, names: tuple[str, ...], groups: tuple[str, ...],
        shares: dict[str, float] | None = None,
    ) -> Self:  # fmt: skip
        """Measure on a sample of moments of all animals and recordings.

        Parameters
        ----------
        sample : ndarray, shape (moments, features)
            NaN = not known.
        names, groups : tuple of str
            Of the columns.
        shares : dict of str to float, optional
            How much each group counts, instead of `ALL_SHARES`.

        Raises
        ------
        TableError
            If the sample is empty.
        """
        if not len(sample):
            raise TableError("No animal is followed in any frame: there is nothing to cluster.")
        known = np.isfinite(sample)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, sample, 0.0).astype(np.float64)
        mean = filled.sum(axis=0) / count
        spread = np.sqrt((np.where(known, filled - mean, 0.0) ** 2).sum(axis=0) / count)
        floor = np.array([ALL_FLOORS[group] for group in groups])
        width = np.where(spread > 1e-6, np.maximum(spread, floor), np.inf)
        bare = cls(
            names, groups, mean.astype(np.float32), width.astype(np.float32),
            np.ones(0, np.float32),
        )  # fmt: skip
        bases = bare._bases(sample)
        sizes = {
            group: bases[group].shape[1] if group in bases else groups.count(group)
            for group in dict.fromkeys(groups)
        }
        return cls(names, groups, bare.mean, bare.width, _weights(sizes, shares or ALL_SHARES),
                   bases)  # fmt: skip

    def _scaled(self, values: Float32Array) -> Float32Array:
        scaled = (values - self.mean) / self.width
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -FARTHEST, FARTHEST), np.float32)

    def _bases(self, sample: Float32Array) -> dict[str, Float32Array]:
        scaled = self._scaled(sample)
        found = {}
        for group, components in REDUCED.items():
            columns = np.array([name == group for name in self.groups])
            if columns.sum() > components:
                part = scaled[:, columns].astype(np.float64)
                _, vectors = np.linalg.eigh(part.T @ part / len(part))
                basis = vectors[:, ::-1][:, :components]
                basis *= np.where(basis.sum(axis=0) < 0, -1, 1)  # signs are arbitrary: fix them
                spread = np.maximum((part @ basis).std(axis=0), 1.0)
                # Looks differ most in how the animal is lit and cut out: no component may count
                # more than another by its size alone.
                found[group] = (basis / np.sqrt(spread)).astype(np.float32)
        return found

    def __call__(self, values: Float32Array) -> Float32Array:
        """Scale moments, shape (..., features), to finite numbers, shape (..., numbers)."""
        scaled = self._scaled(values)
        parts = []
        for group in dict.fromkeys(self.groups):
            columns = np.array([name == group for name in self.groups])
            part = scaled[..., columns]
            parts.append(part @ self.bases[group] if group in self.bases else part)
        return np.asarray(np.concatenate(parts, axis=-1) * self.weight, np.float32)


def _weights(sizes: dict[str, int], shares: dict[str, float]) -> Float32Array:
    """Let every group count by its share, however many columns it has."""
    total = sum(shares[group] for group in sizes) or 1.0
    n = sum(sizes.values())
    each = [
        np.full(size, np.sqrt(n * shares[group] / (total * size))) for group, size in sizes.items()
    ]
    return np.concatenate(each).astype(np.float32)
