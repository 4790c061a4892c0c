"""What can be measured of a clip: the numbers behind every measured caption.

Lengths are in body lengths (the recording's median distance from rear to head), so that the same
numbers mean the same in another arena, camera or species; `Unit` turns them into centimetres where
a lab knows its scale.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.company import follows, touches
from napari_behaviorvlm.behavior.captions.recorded import NAN, Recorded
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


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
        0..1, share of the frames in which it moves behind the other: heading for it, or on the way
        that the other came.
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
    speed, brisk_speed, peak_speed, speed_start, speed_end : float
        Body lengths per second: median, 70th and 95th percentile, medians of first and last
        quarter.
    path, displacement : float
        Way walked and distance from start to end, body lengths.
    turning, turned : float
        Mean speed of turning (rad/s) and net turn (rad, clockwise on the screen positive).
    elongation : float
        Median length from rear to head over what is usual for the animal.
    area : float
        Median outline area over the usual; NaN without outlines.
    raised : float
        Height of the head above the rear, body lengths (3D only).
    stirring : float
        Movement within the body over what it is where the animal is as still as it gets: 1 = as
        still as that.
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
    brisk_speed: float = NAN
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
    stirring: float = NAN
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
    energy: FloatArray | None = None,
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
    energy : ndarray, shape (frames, animals), optional
        How much every animal's head moves within its pictures, body lengths per second.

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
    recorded = Recorded.of(source, bodies, energy)
    return [_clip(recorded, clips, row) for row in range(len(clips))]


def _clip(recorded: Recorded, clips: Clips, row: int) -> ClipMeasures:
    start, end = int(clips.start[row]), int(clips.end[row])
    animal = int(clips.animal[row])
    rows = slice(max(start - recorded.first_frame, 0), max(end + 1 - recorded.first_frame, 0))
    seen = recorded.situation.tracked[rows, animal]
    about = {
        "clip": row, "animal": clips.animals[animal], "start_frame": start, "end_frame": end,
        "fps": clips.fps, "tracked": float(seen.sum() / (end - start + 1)),
        "body_length": recorded.length,
    }  # fmt: skip
    if not seen.any():
        return ClipMeasures(**about)  # type: ignore[arg-type]
    return ClipMeasures(**about, **_own(recorded, rows, animal),  # type: ignore[arg-type]
                        relations=_relations(recorded, rows, animal))  # fmt: skip


def _own(recorded: Recorded, rows: slice, animal: int) -> dict[str, float]:
    speed = np.linalg.norm(recorded.velocity[rows, animal], axis=-1)
    centre = recorded.situation.centre[rows, animal] / recorded.length
    turning = recorded.turning[rows, animal]
    quarter = max(1, len(speed) // 4)
    seconds = len(speed) / recorded.situation.fps
    known = centre[np.isfinite(centre).all(axis=1)]
    return {
        "speed": _median(speed),
        "brisk_speed": _percentile(speed, 70),
        "peak_speed": _percentile(speed, 95),
        "speed_start": _median(speed[:quarter]),
        "speed_end": _median(speed[-quarter:]),
        "path": _mean(speed) * seconds,
        "displacement": float(np.linalg.norm(known[-1] - known[0])),
        "turning": _mean(np.abs(turning)),
        "turned": _mean(turning) * seconds,
        "elongation": _median(recorded.situation.length[rows, animal])
        / (recorded.length * recorded.own_length[animal]),
        "area": _median(recorded.area[rows, animal]),
        "raised": _median(recorded.raised[rows, animal]),
        "stirring": _median(recorded.stirring[rows, animal]),
    }


def _relations(recorded: Recorded, rows: slice, animal: int) -> tuple[Relation, ...]:
    found = [
        _relation(recorded, rows, animal, other)
        for other in range(len(recorded.animals)) if other != animal
    ]  # fmt: skip
    seen = [relation for relation in found if np.isfinite(relation.distance)]
    return tuple(sorted(seen, key=lambda relation: relation.distance))


def _relation(recorded: Recorded, rows: slice, animal: int, other: int) -> Relation:
    centre = recorded.situation.centre[rows]
    way = (centre[:, other] - centre[:, animal]) / recorded.length
    distance = np.linalg.norm(way, axis=-1)
    way = way / np.maximum(distance, 1e-9)[:, None]
    own, others = recorded.velocity[rows, animal], recorded.velocity[rows, other]
    facing = (recorded.situation.heading[rows, animal] * way).sum(axis=-1)
    known = np.isfinite(distance)
    quarter = max(1, len(distance) // 4)
    return Relation(
        recorded.animals[other], _median(distance), _median(distance[:quarter]),
        _median(distance[-quarter:]), _mean((own * way).sum(axis=-1)), _mean(facing),
        _share(follows(recorded, rows, animal, other), known),
        _share(touches(recorded, rows, animal, other), known),
        _median(np.linalg.norm(others, axis=-1)),
    )  # fmt: skip


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
