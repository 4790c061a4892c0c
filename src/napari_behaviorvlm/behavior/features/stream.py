"""Features of a recording of any length, piece by piece.

Pieces overlap by as many frames as the filters and windows reach, so that the numbers are the same
however the recording is cut, and memory depends on the piece alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import BodyScale, situate
from napari_behaviorvlm.behavior.features.kinematics import (
    kinematic_groups,
    kinematic_names,
    kinematics,
)
from napari_behaviorvlm.behavior.features.motion import smoothing_reach, window_statistics
from napari_behaviorvlm.behavior.features.social import relations, social_names
from napari_behaviorvlm.behavior.features.windows import mirrored
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

FLOORS = {"travel": 0.5, "movement": 0.5, "posture": 0.08, "social": 0.15, "quality": 1.0}
"""Least width of a feature: asinh of rates, body lengths, relations between 0 and 1."""

SHARES = {"travel": 1.0, "movement": 1.0, "posture": 1.0, "social": 1.0, "quality": 0.0}
"""How much each group counts. How well an animal was seen is no behaviour."""

PIECE = 4096
"""Frames worked on at once where the source comes in larger pieces."""


@dataclass(frozen=True)
class FeatureSettings:
    """How tracks become features.

    Parameters
    ----------
    window : float
        Seconds that a feature describes, centred on its frame. Longer ones blur the moment at
        which behaviour changes, shorter ones miss the rhythm of grooming.
    longest_gap : float
        Seconds over which a missing keypoint is interpolated.
    smoothing : float
        Standard deviation of the Gaussian that is run over the positions, in seconds.
    social : bool
        Relations to the other animals too.
    """

    window: float = 0.4
    longest_gap: float = 0.25
    smoothing: float = 0.06
    social: bool = True

    def window_reach(self, fps: float) -> int:
        """Frames to each side of the window's centre."""
        return round(self.window * fps / 2)

    def gap_frames(self, fps: float) -> int:
        """Longest gap that is filled, in frames."""
        return round(self.longest_gap * fps)

    def halo(self, fps: float) -> int:
        """Frames to each side on which a feature depends."""
        smoothing = smoothing_reach(self.smoothing * fps)
        return self.window_reach(fps) + 1 + smoothing + self.gap_frames(fps) + 1


@dataclass(frozen=True, eq=False)
class FeatureBlock:
    """Features of a stretch of frames.

    Parameters
    ----------
    first_frame : int
        Frame number of the first row.
    values : ndarray of float32, shape (frames, animals, features)
        0 where not tracked.
    tracked : ndarray of bool, shape (frames, animals)
        Where the animal was followed.
    """

    first_frame: int
    values: NDArray[np.float32]
    tracked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)


class PoseFeatures:
    """Windowed features from keypoints.

    Parameters
    ----------
    plan : BodyPlan
        Which keypoints are what.
    scale : BodyScale
        Unit of length and usual pose of the recording(s).
    settings : FeatureSettings, optional
        Windows and filters.
    """

    def __init__(
        self, plan: BodyPlan, scale: BodyScale, settings: FeatureSettings | None = None
    ) -> None:
        self.plan = plan
        self.scale = scale
        self.settings = settings or FeatureSettings()

    def names(self, tracks: Tracks) -> tuple[str, ...]:
        """Names of the features, in the order of the last axis."""
        single = self._single(tracks)
        return (*(f"{name}.mean" for name in single), *(f"{name}.spread" for name in single))

    def _single(self, tracks: Tracks) -> tuple[str, ...]:
        """Names of the numbers of single frames."""
        single = kinematic_names(tracks.keypoints, tracks.positions.shape[-1])
        if self.settings.social:
            single += social_names(len(tracks.animals))
        return single

    def groups(self, tracks: Tracks) -> tuple[str, ...]:
        """Group of every feature: travel, movement, posture, social or quality."""
        groups = kinematic_groups(tracks.keypoints, tracks.positions.shape[-1])
        if self.settings.social:
            groups += ("social",) * len(social_names(len(tracks.animals)))
        return groups * 2

    def stream(self, pieces: Iterable[Tracks]) -> Iterator[FeatureBlock]:
        """Compute features piece by piece.

        Parameters
        ----------
        pieces : iterable of Tracks
            Successive stretches of one recording.

        Yields
        ------
        FeatureBlock
            Successive stretches; together they cover every frame once.

        Raises
        ------
        TableError
            If a piece does not begin where the one before it ended.
        """
        for padded, start, stop in with_halo(pieces, self.settings.halo):
            block = self._compute(padded)
            yield FeatureBlock(
                padded.first_frame + start, block.values[start:stop], block.tracked[start:stop]
            )

    def _compute(self, tracks: Tracks) -> FeatureBlock:
        fps, settings = tracks.fps, self.settings
        situation = situate(tracks, self.plan, settings.gap_frames(fps), settings.smoothing * fps)
        values = kinematics(situation, self.plan, self.scale)
        if settings.social:
            social = relations(situation, self.plan, self.scale)
            values = np.concatenate([values, social], axis=-1)
        windows = window_statistics(values, situation.tracked, settings.window_reach(fps))
        windows = mirrored(windows, self._single(tracks))
        windows[~situation.tracked] = 0
        return FeatureBlock(tracks.first_frame, windows.astype(np.float32), situation.tracked)


def with_halo(
    pieces: Iterable[Tracks], halo_of: Callable[[float], int]
) -> Iterator[tuple[Tracks, int, int]]:
    """Re-cut successive pieces so that each is surrounded by what it depends on.

    Parameters
    ----------
    pieces : iterable of Tracks
        Successive stretches of one recording.
    halo_of : callable
        Frames of surroundings for a frame rate.

    Yields
    ------
    padded, start, stop : Tracks, int, int
        Rows `start` to `stop` of `padded` are new; the rest is surroundings.
    """
    held: Tracks | None = None
    done = 0
    halo = 0
    for large in pieces:
        for piece in large.pieces(PIECE):
            if held is None:
                held, done, halo = piece, piece.first_frame, halo_of(piece.fps)
            else:
                held = _joined(held, piece)
            ready = held.stop_frame - halo
            if ready > done:
                yield held, done - held.first_frame, ready - held.first_frame
                done = ready
                held = held.rows(max(0, done - halo - held.first_frame), len(held))
    if held is not None and held.stop_frame > done:
        yield held, done - held.first_frame, len(held)


def _joined(held: Tracks, piece: Tracks) -> Tracks:
    if piece.first_frame != held.stop_frame:
        raise TableError(
            f"Tracks continue at frame {piece.first_frame} where frame {held.stop_frame} "
            "was expected: pieces must follow each other without a gap."
        )
    return replace(held, positions=np.concatenate([held.positions, piece.positions]))
