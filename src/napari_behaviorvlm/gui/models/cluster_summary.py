"""What clusters hold, what follows what, and how much of each: numbers of the cluster panel."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.transitions import PAUSE, following_pairs, transition_counts
from napari_behaviorvlm.core.bouts import UNTRACKED, Clips
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.bout_rows import NOTHING, BoutRow
from napari_behaviorvlm.workflows.behavior.examples import typical_clips

IntArray = NDArray[np.int64]

MOST = 16
"""Labels in the table of what follows what; the rarest are left out."""


@dataclass(frozen=True)
class ClusterSummary:
    """One cluster.

    Parameters
    ----------
    number : int
    clips : int
    frames : int
        Of its clips.
    label : str
        What most of its frames are called now; empty where nothing stands there.
    share : float
        0..1, how many of its frames are called so.
    examples : tuple of int
        Clips that are surest to belong to it.
    """

    number: int
    clips: int
    frames: int
    label: str
    share: float
    examples: tuple[int, ...]


def summaries(session: BehaviorSession, examples: int) -> list[ClusterSummary]:
    """All clusters, those of one name beside each other, of each name the largest first."""
    clips = session.content.clips
    if clips is None or not len(clips):
        return []
    labels = clip_labels(session, clips)
    found = []
    for number in np.unique(clips.cluster):
        rows = np.flatnonzero(clips.cluster == number)
        frames = clips.lengths[rows]
        use: Counter[str] = Counter()
        for row, length in zip(rows, frames, strict=True):
            use[labels[row]] += int(length)
        label, most = max(use.items(), key=lambda item: (item[0] != "", item[1]))
        found.append(ClusterSummary(
            int(number), len(rows), int(frames.sum()), label,
            most / max(int(frames.sum()), 1) if label else 0.0,
            tuple(typical_clips(clips, int(number), examples)),
        ))  # fmt: skip
    return sorted(found, key=lambda one: (one.label == "", one.label.casefold(), -one.frames))


def clip_labels(session: BehaviorSession, clips: Clips) -> list[str]:
    """Labels that stand in the middles of clips now, "" where nothing stands."""
    middles = (clips.start + clips.end) // 2
    labels = [""] * len(clips)
    for animal in range(len(clips.animals)):
        mine = np.flatnonzero(clips.animal == animal)
        row = session.events[animal]
        for at, found in zip(mine, row.rows_at(middles[mine]), strict=True):
            if found != NOTHING:
                labels[at] = row.bouts[found].label
    return labels


@dataclass(frozen=True, eq=False)
class Following:
    """Which behaviour follows which.

    Parameters
    ----------
    labels : tuple of str
        The longest first.
    counts : ndarray of int64, shape (labels, labels)
        How often the column's label follows the row's, all animals together.
    """

    labels: tuple[str, ...]
    counts: IntArray

    @property
    def shares(self) -> NDArray[np.float64]:
        """Of all that follows the row's label, shape (labels, labels); zeros where nothing does."""
        total = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.maximum(total, 1))


def following(session: BehaviorSession) -> Following:
    """Count what follows what within a second."""
    labels = tuple(label for label in session.totals() if label)[:MOST]
    counts = transition_counts(
        (row.bouts for row in session.events), labels, PAUSE * session.fps
    )  # fmt: skip
    return Following(labels, counts)


def bouts_followed(session: BehaviorSession, label: str, by: str) -> list[int]:
    """Numbers of the bouts of a label that another label follows."""
    found = []
    for row in session.events:
        before, after = _pairs(session, row)
        found += [
            row.bouts[a].id for a, b in zip(before, after, strict=True)
            if row.bouts[a].label == label and row.bouts[b].label == by
        ]  # fmt: skip
    return found


def _pairs(session: BehaviorSession, row: BoutRow) -> tuple[IntArray, IntArray]:
    """Rows of bouts and of those that follow them without a pause."""
    return following_pairs(row.start, row.end, PAUSE * session.fps)


@dataclass(frozen=True)
class Budget:
    """How one animal spends its time, in frames.

    Parameters
    ----------
    animal : str
    labels : dict of str to int
        The longest of all animals first.
    unlabelled, unseen : int
    """

    animal: str
    labels: dict[str, int]
    unlabelled: int
    unseen: int


def budgets(session: BehaviorSession) -> list[Budget]:
    """Time budget of every animal."""
    order = [label for label in session.totals() if label]
    found = []
    for at, (animal, row) in enumerate(zip(session.animals, session.events, strict=True)):
        use: Counter[str] = Counter()
        for bout in row.bouts:
            use[bout.label] += bout.n_frames
        seen = session.frames_seen(at)
        labels = {label: use[label] for label in order if use[label]}
        rest = max(seen - sum(labels.values()), 0)
        found.append(Budget(animal, labels, rest, session.n_frames - seen))
    return found


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the embedding's map.

    Parameters
    ----------
    places : ndarray of float32, shape (moments, 2)
        From 0 to 1, y upwards.
    frame, animal, cluster : ndarray of int64, shape (moments,)
    """

    places: NDArray[np.float32]
    frame: IntArray
    animal: IntArray
    cluster: IntArray

    def __len__(self) -> int:
        return len(self.frame)

    def looks(self, session: BehaviorSession) -> IntArray:
        """Look of what stands there now, shape (moments,); `NOTHING` where nothing does."""
        looks = np.full(len(self), NOTHING, np.int64)
        for at in range(len(session.animals)):
            mine = np.flatnonzero(self.animal == at)
            row = session.told(at)
            places = np.array([session.look_of(bout) for bout in row.bouts] + [NOTHING], np.int64)
            looks[mine] = places[row.rows_at(self.frame[mine])]
        return looks

    def bouts(self, session: BehaviorSession, chosen: Sequence[int] | IntArray) -> list[int]:
        """Numbers of the events at some moments."""
        numbers: dict[int, None] = {}
        for moment in chosen:
            bout = session.bout_at(int(self.animal[moment]), int(self.frame[moment]))
            if bout is not None:
                numbers[bout.id] = None
        return list(numbers)


def read_moments(session: BehaviorSession) -> Moments | None:
    """Read the map of a recording that was segmented, else None."""
    from napari_behaviorvlm.workflows.behavior.segmenting import read_clusters

    if session.content.clips is None:
        return None
    found = read_clusters(session.folder, session.recording)
    places = found.scatter.astype(np.float32)
    if not len(places):
        return None
    # Single far-off moments would press all others together.
    low, high = np.percentile(places, [0.5, 99.5], axis=0)
    scaled = (places - low) / np.maximum(high - low, 1e-9)
    frame, animal = found.scatter_frame, found.scatter_animal
    cluster = found.labels[frame, animal]
    keep = cluster != UNTRACKED
    return Moments(np.clip(scaled, 0, 1)[keep], frame[keep], animal[keep], cluster[keep])
