"""From tracks to clusters per frame, over all animals and any number of recordings' frames.

Three passes over the source: what is usual (`BodyScale`), a sample of moments to fit the clusters
to, and the assignment of every frame. None keeps more than a piece and the sample in memory, apart
from the result itself.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.clips import ClipSettings, cut_clips
from napari_behaviorvlm.behavior.embedding.base import PER_ANIMAL, Clusterer, FittedClusters
from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import BodyScale
from napari_behaviorvlm.behavior.features.sampling import Thinned
from napari_behaviorvlm.behavior.features.scaling import Columns, Standardizer
from napari_behaviorvlm.behavior.features.stream import FeatureBlock, FeatureSettings, PoseFeatures
from napari_behaviorvlm.core.bouts import UNTRACKED, Clips
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.tracks import Tracks

Source = Callable[[], Iterable[Tracks]]
Blocks = Callable[[], Iterable[FeatureBlock]]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]

SAMPLE = 50_000
"""Moments that clusters are fitted to at most."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Clusters of every frame of every animal.

    Parameters
    ----------
    labels : ndarray of int64, shape (frames, animals)
        ``UNTRACKED`` where the animal is not followed.
    memberships : ndarray of float32, shape (frames, animals, clusters)
        0 where untracked.
    model : FittedClusters
        For further recordings, and its curves.
    scaling : Standardizer
        Applied before the model.
    """

    labels: IntArray
    memberships: Float32Array
    model: FittedClusters
    scaling: Standardizer


@dataclass(frozen=True)
class SegmentationSettings:
    """How recordings become clips.

    Parameters
    ----------
    n_clusters : int, optional
        By default ten per animal.
    features : FeatureSettings
        Windows and filters.
    clips : ClipSettings
        Lengths.
    """

    n_clusters: int | None = None
    features: FeatureSettings = field(default_factory=FeatureSettings)
    clips: ClipSettings = field(default_factory=ClipSettings)


def cluster_blocks(
    blocks: Blocks, clusterer: Clusterer, n_clusters: int, columns: Columns | None = None
) -> Generator[Progress, None, Segmentation]:
    """Fit clusters to features of all animals together and assign every frame.

    Parameters
    ----------
    blocks : callable
        Starts a pass over the features, any kind of them.
    clusterer : Clusterer
        DEC or one of the alternatives.
    n_clusters : int
        Clusters.
    columns : Columns, optional
        Least widths and weights of the features.

    Yields
    ------
    Progress

    Returns
    -------
    Segmentation

    Raises
    ------
    TableError
        If no animal is ever followed, or there are fewer moments than clusters.
    """
    yield Progress(0, 0, "Sampling moments")
    sample = Thinned(SAMPLE)
    for block in blocks():
        sample.add(block.values[block.tracked])
    scaling = Standardizer.measure(sample.rows if len(sample) else np.zeros((0, 1)), columns)
    model = yield from clusterer.fit(scaling(sample.rows), n_clusters)
    yield Progress(0, 0, "Assigning every frame")
    labels, memberships = [], []
    for block in blocks():
        shares = np.zeros((*block.tracked.shape, model.n_clusters), np.float32)
        if block.tracked.any():
            found = model.assign(scaling(block.values[block.tracked]))
            shares[block.tracked] = found.memberships
        labels.append(np.where(block.tracked, shares.argmax(axis=-1), UNTRACKED))
        memberships.append(shares)
    return Segmentation(np.concatenate(labels), np.concatenate(memberships), model, scaling)


def segment_tracks(
    source: Source,
    clusterer: Clusterer,
    plan: BodyPlan | None = None,
    settings: SegmentationSettings | None = None,
) -> Generator[Progress, None, tuple[Segmentation, Clips]]:
    """Cut a recording with keypoints into clips.

    Parameters
    ----------
    source : callable
        Starts a pass over the recording's tracks, in successive pieces; called several times.
    clusterer : Clusterer
        DEC or one of the alternatives.
    plan : BodyPlan, optional
        Which keypoints are what; by their names by default.
    settings : SegmentationSettings, optional
        Clusters, windows, lengths.

    Yields
    ------
    Progress

    Returns
    -------
    Segmentation, Clips
        Clusters per frame, and the clips cut from them.

    Raises
    ------
    TableError
        If front and rear cannot be told, or no animal is ever followed.
    """
    settings = settings or SegmentationSettings()
    first = next(iter(source()))
    plan = plan or BodyPlan.from_names(first.keypoints)
    yield Progress(0, 0, "Measuring the animals")
    scale = BodyScale.measure(source(), plan)
    features = PoseFeatures(plan, scale, settings.features)
    n_clusters = settings.n_clusters or PER_ANIMAL * len(first.animals)
    segmentation = yield from cluster_blocks(
        lambda: features.stream(source()), clusterer, n_clusters, features.columns(first)
    )
    yield Progress(0, 0, "Cutting clips")
    clips = cut_clips(
        segmentation.labels, first.fps, first.animals, segmentation.memberships, settings.clips
    )
    return segmentation, clips
