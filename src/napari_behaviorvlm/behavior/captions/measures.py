"""What can be measured of a clip: the numbers behind every measured caption.

Lengths are in body lengths (the recording's median distance from rear to head), so that the same
numbers mean the same in another arena, camera or species; `Unit` turns them into centimetres where
a lab knows its scale.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import (
    Situation,
    egocentric_pose,
    situate,
)
from napari_behaviorvlm.behavior.features.kinematics import turning_rate
from napari_behaviorvlm.behavior.features.motion import rate
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NAN = float("nan")
GAP_SECONDS = 0.2
"""Gaps in the tracks up to so long are bridged."""
SMOOTHING_SECONDS = 0.05
"""Width of the smoothing: the jitter of a pose estimator is no movement."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A length that a reader knows.

    Parameters
    ----------
    name : str
        "cm", "mm".
    size : float
        Of one such length in the tracks' unit (pixels per cm for tracks in pixels, 10 for tracks
        in mm told in cm).
    """

    name: str
    size: float

    def __post_init__(self) -> None:
        if not (self.size > 0 and self.name):
            raise TableError(f"A scale of {self.size} pixels per {self.name or '?'} is impossible.")


@dataclass(frozen=True, slots=True)
class Relation:
    """How an animal stands and moves towards one other during a clip.

    Parameters
    ----------
    other : str
        Name of the other animal.
    distance, distance_start, distance_end : float
        Between the bodies' middles, body lengths: median, and at the clip's ends.
    approach : float
        Speed of the animal towards the other, body lengths per second; negative = away.
    facing : float
        -1..1, mean cosine between its heading and the way to the other.
    following : float
        0..1, share of the frames in which it moves behind the other, heading for it.
    contact : float
        0..1, share of the frames in which the two bodies touch.
    other_speed : float
        Median speed of the other, body lengths per second.
    """

    other: str
    distance: float
    distance_start: float
    distance_end: float
    approach: float
    facing: float
    following: float
    contact: float
    other_speed: float


@dataclass(frozen=True, slots=True)
class ClipMeasures:
    """Numbers of one clip; NaN where nothing could be measured.

    Parameters
    ----------
    clip : int
        Row of the clip table.
    animal : str
        Whose.
    start_frame, end_frame : int
        Inclusive.
    fps : float
        Frames per second.
    tracked : float
        Share of the clip's frames with place and direction.
    body_length : float
        In the tracks' unit.
    speed, peak_speed, speed_start, speed_end : float
        Body lengths per second: median, 95th percentile, medians of first and last quarter.
    path, displacement : float
        Way walked and distance from start to end, body lengths.
    turning, turned : float
        Mean speed of turning (rad/s) and net turn (rad, clockwise on the screen positive).
    elongation : float
        Median length from rear to head over the usual.
    area : float
        Median outline area over the usual; NaN without outlines.
    raised : float
        Height of the head above the rear, body lengths (3D only).
    busy : float
        Movement of body parts against each other, body lengths per second.
    wobble : float
        Turning to and fro that cancels out, rad/s.
    relations : tuple of Relation
        To the others, nearest first; without those that are not seen.
    """

    clip: int
    animal: str
    start_frame: int
    end_frame: int
    fps: float
    tracked: float
    body_length: float
    speed: float = NAN
    peak_speed: float = NAN
    speed_start: float = NAN
    speed_end: float = NAN
    path: float = NAN
    displacement: float = NAN
    turning: float = NAN
    turned: float = NAN
    elongation: float = NAN
    area: float = NAN
    raised: float = NAN
    busy: float = NAN
    wobble: float = NAN
    relations: tuple[Relation, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """How long the clip lasts."""
        return (self.end_frame - self.start_frame + 1) / self.fps

    @property
    def nearest(self) -> Relation | None:
        """Relation to the nearest other; None where nobody else is seen."""
        return self.relations[0] if self.relations else None


def measure(
    tracks: Tracks | None, bodies: BodyTracks | None, clips: Clips,
) -> list[ClipMeasures]:  # fmt: skip
    """Measure every clip.

    Parameters
    ----------
    tracks : Tracks, optional
        Poses; used for place, direction and movement where given.
    bodies : BodyTracks, optional
        Outlines; used for areas and touching, and for everything where there are no poses.
    clips : Clips
        Of the same recording.

    Returns
    -------
    list of ClipMeasures
        In the table's order.

    Raises
    ------
    TableError
        If neither is given, or they name other animals than the clips.
    """
    source = tracks if tracks is not None else bodies.keypoints() if bodies is not None else None
    if source is None:
        raise TableError("Clips cannot be measured without tracks: neither poses nor outlines.")
    for found in (source, bodies):
        if found is not None and found.animals != clips.animals:
            raise TableError(
                f"The clips are of {', '.join(clips.animals)}, the tracks of "
                f"{', '.join(found.animals)}; the same names in the same order are needed."
            )
    recording = _Recording.of(source, bodies)
    return [recording.clip(clips, row) for row in range(len(clips))]


@dataclass(frozen=True, eq=False)
class _Recording:
    """Numbers per frame, from which those of clips are taken."""

    animals: tuple[str, ...]
    first_frame: int
    situation: Situation
    length: float
    velocity: FloatArray
    turning: FloatArray
    busy: FloatArray
    raised: FloatArray
    ends: FloatArray
    area: FloatArray
    touching: BoolArray

    @classmethod
    def of(cls, tracks: Tracks, bodies: BodyTracks | None) -> "_Recording":
        plan = BodyPlan.from_names(tracks.keypoints)
        gap, sigma = round(GAP_SECONDS * tracks.fps), SMOOTHING_SECONDS * tracks.fps
        situation = situate(tracks, plan, gap, sigma)
        known = situation.length[situation.tracked]
        length = float(np.median(known)) if len(known) else NAN
        shape = situation.tracked.shape
        aligned = bodies is not None and (len(bodies), bodies.first_frame) == (
            len(tracks), tracks.first_frame,
        )  # fmt: skip
        area = np.full(shape, NAN)
        if bodies is not None and aligned and np.isfinite(bodies.area).any():
            area = bodies.area / np.nanmedian(bodies.area)
        return cls(
            tracks.animals, tracks.first_frame, situation, length,
            rate(situation.centre, tracks.fps) / length,
            turning_rate(situation),
            _busy(situation, plan, length),
            _raised(situation, plan, length),
            _ends(situation, plan),
            area,
            bodies.touching if bodies is not None and aligned else np.zeros(shape, bool),
        )  # fmt: skip

    def clip(self, clips: Clips, row: int) -> ClipMeasures:
        start, end = int(clips.start[row]), int(clips.end[row])
        animal = int(clips.animal[row])
        rows = slice(max(start - self.first_frame, 0), max(end + 1 - self.first_frame, 0))
        seen = self.situation.tracked[rows, animal]
        about = {
            "clip": row, "animal": clips.animals[animal], "start_frame": start, "end_frame": end,
            "fps": clips.fps, "tracked": float(seen.sum() / (end - start + 1)),
            "body_length": self.length,
        }  # fmt: skip
        if not seen.any():
            return ClipMeasures(**about)  # type: ignore[arg-type]
        return ClipMeasures(**about, **self._own(rows, animal),  # type: ignore[arg-type]
                            relations=self._relations(rows, animal))  # fmt: skip

    def _own(self, rows: slice, animal: int) -> dict[str, float]:
        speed = np.linalg.norm(self.velocity[rows, animal], axis=-1)
        centre = self.situation.centre[rows, animal] / self.length
        turning = self.turning[rows, animal]
        quarter = max(1, len(speed) // 4)
        seconds = len(speed) / self.situation.fps
        known = centre[np.isfinite(centre).all(axis=1)]
        net = _mean(turning)
        return {
            "speed": _median(speed),
            "peak_speed": _percentile(speed, 95),
            "speed_start": _median(speed[:quarter]),
            "speed_end": _median(speed[-quarter:]),
            "path": _mean(speed) * seconds,
            "displacement": float(np.linalg.norm(known[-1] - known[0])),
            "turning": _mean(np.abs(turning)),
            "turned": net * seconds,
            "elongation": _median(self.situation.length[rows, animal]) / self.length,
            "area": _median(self.area[rows, animal]),
            "raised": _median(self.raised[rows, animal]),
            "busy": _median(self.busy[rows, animal]),
            "wobble": _mean(np.abs(turning)) - abs(net),
        }

    def _relations(self, rows: slice, animal: int) -> tuple[Relation, ...]:
        found = [
            self._relation(rows, animal, other)
            for other in range(len(self.animals)) if other != animal
        ]  # fmt: skip
        seen = [relation for relation in found if np.isfinite(relation.distance)]
        return tuple(sorted(seen, key=lambda relation: relation.distance))

    def _relation(self, rows: slice, animal: int, other: int) -> Relation:
        centre, heading = self.situation.centre[rows], self.situation.heading[rows]
        way = (centre[:, other] - centre[:, animal]) / self.length
        distance = np.linalg.norm(way, axis=-1)
        way = way / np.maximum(distance, 1e-9)[:, None]
        own, others = self.velocity[rows, animal], self.velocity[rows, other]
        facing = (heading[:, animal] * way).sum(axis=-1)
        behind = (heading[:, other] * way).sum(axis=-1)
        pace = np.minimum(np.linalg.norm(own, axis=-1), np.linalg.norm(others, axis=-1))
        together = (own * others).sum(axis=-1)
        with np.errstate(invalid="ignore"):
            follows = (facing > 0.5) & (behind > 0.2) & (pace > 0.7) & (together > 0)
            follows &= distance < FOLLOWING_REACH
            close = self._gap(rows, animal, other) < TOUCHING_GAP
        known = np.isfinite(distance)
        both = self.touching[rows, animal] & self.touching[rows, other] & (distance < 1.5)
        quarter = max(1, len(distance) // 4)
        return Relation(
            self.animals[other], _median(distance), _median(distance[:quarter]),
            _median(distance[-quarter:]), _mean((own * way).sum(axis=-1)), _mean(facing),
            _share(follows, known), _share(close | both, known),
            _median(np.linalg.norm(others, axis=-1)),
        )  # fmt: skip

    def _gap(self, rows: slice, animal: int, other: int) -> FloatArray:
        """Least distance of head, middle and rear of the two, body lengths."""
        mine, theirs = self.ends[rows, animal], self.ends[rows, other]
        gaps = np.linalg.norm(mine[:, :, None] - theirs[:, None], axis=-1).reshape(len(mine), -1)
        least = np.nan_to_num(gaps, nan=np.inf).min(axis=1) / self.length
        return np.asarray(least, float)


FOLLOWING_REACH = 4.0
"""Body lengths between two animals of which one follows the other."""
TOUCHING_GAP = 0.35
"""Body lengths between the nearest of head, middle and rear: half a mouse's width to each side."""


def _busy(situation: Situation, plan: BodyPlan, length: float) -> FloatArray:
    """Movement of the trunk's points seen from the animal, root mean square, body lengths/s."""
    moving = rate(egocentric_pose(situation)[:, :, plan.trunk], situation.fps) / length
    squares = (moving**2).sum(axis=-1)
    known = np.isfinite(squares)
    total = np.where(known, squares, 0).sum(axis=-1)
    count = known.sum(axis=-1)
    return np.where(count > 0, np.sqrt(total / np.maximum(count, 1)), NAN)


def _raised(situation: Situation, plan: BodyPlan, length: float) -> FloatArray:
    if situation.points.shape[-1] == 2:
        return np.full(situation.tracked.shape, NAN)
    heights = situation.points[..., 2]
    head, rear = (_part_mean(heights[:, :, part]) for part in (plan.head, plan.rear))
    return np.asarray((head - rear) / length, float)


def _ends(situation: Situation, plan: BodyPlan) -> FloatArray:
    """Head, middle and rear, shape (frames, animals, 3, 2)."""
    plane = np.moveaxis(situation.points[..., :2], 2, -1)
    head, rear = (_part_mean(plane[..., part]) for part in (plan.head, plan.rear))
    return np.stack([head, situation.centre, rear], axis=2)


def _part_mean(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), NAN)


def _median(values: FloatArray) -> float:
    return _percentile(values, 50)


def _percentile(values: FloatArray, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, share)) if len(known) else NAN


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else NAN


def _share(mask: BoolArray, known: BoolArray) -> float:
    return float((mask & known).sum() / known.sum()) if known.any() else NAN
