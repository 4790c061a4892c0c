"""Sessions for the identity benchmark: real motion in a real rig, with honest trouble.

Dots are projected into six cameras, a share of them is missed (one by one or in bursts), spurious
ones and mirror images are added, and the positions get noise.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig

SIZE = (1152, 1024)


@dataclass
class Session:
    """Candidates of a recording and what is true of them."""

    name: str
    rig: Rig
    skeleton: Skeleton
    frames: NDArray[np.int64]
    points: NDArray[np.float64]  # (F, K, 3)
    candidates: CandidateTable
    truth: NDArray[np.int16]  # (F, C, K): number of the candidate that is the keypoint, 0 = none
    seeds: SeedTable = field(default=None)  # type: ignore[assignment]
    fps: float = 0.0


def rotation_vector(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(matrix).as_rotvec()


def dannce_rig(path: Path) -> Rig:
    data = np.load(path / "dannce_mouse_6cam" / "mouse1_81frames.npz")
    return Rig(tuple(
        Camera(
            str(name), SIZE, data["K"][i], data["dist"][i],
            rotation_vector(data["R"][i]), data["t"][i],
        )
        for i, name in enumerate(data["camera_names"])
    ))  # fmt: skip


def project(rig: Rig, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distorted pixels (N, C, 2), NaN outside the picture."""
    xy = project_rig(rig, points)
    size = np.array([camera.size for camera in rig])
    with np.errstate(invalid="ignore"):
        inside = ((xy > -0.5) & (xy < size - 0.5)).all(-1)
    return np.where(inside[..., None], xy, np.nan)


def simulate(
    name,
    rig,
    skeleton,
    points,
    *,
    seeds,
    ghosts=None,
    missed=0.15,
    spurious=3,
    noise=0.3,
    burst=False,
    reflection=None,
    fps=0.0,
    seed=0,
) -> Session:
    """Dots of 3D points: missed ones (single or in bursts), spurious ones, noise, reflections."""
    rng = np.random.default_rng(seed)
    n_frames = len(points)
    extra = [] if ghosts is None else [ghosts]
    if reflection is not None:
        mirrored = points.copy()
        mirrored[..., 2] = 2 * reflection - mirrored[..., 2]
        extra.append(np.where(rng.random(mirrored.shape[:2])[..., None] < 0.5, mirrored, np.nan))
    solid = np.concatenate([points, *extra], axis=1)
    xy = project(rig, solid.reshape(-1, 3)).reshape(n_frames, -1, len(rig), 2).transpose(0, 2, 1, 3)
    xy += rng.normal(0, noise, xy.shape)
    xy[drop_mask(rng, xy.shape[:3], missed, burst)] = np.nan
    low, high = np.nanmin(xy, 2) - 40, np.nanmax(xy, 2) + 40
    noise_dots = (
        low[:, :, None] + rng.random((n_frames, len(rig), spurious, 2)) * (high - low)[:, :, None]
    )
    return tabulate(name, rig, skeleton, points, np.concatenate([xy, noise_dots], 2), seeds, fps)


def drop_mask(rng, shape, missed, burst):
    """Cells that the camera does not see: one by one, or in runs of about ten frames."""
    if not burst:
        return rng.random(shape) < missed
    length = 10
    starts = rng.random(shape) < missed / length * 1.08
    drop = starts.copy()
    for shift in range(1, length):
        drop[shift:] |= starts[:-shift]
    return drop


def tabulate(name, rig, skeleton, points, dots, seeds, fps) -> Session:
    """Give the dots of each picture numbers from top to bottom, remembering which is which."""
    n_frames, n_cameras, _, _ = dots.shape
    n_keypoints = points.shape[1]
    truth = np.zeros((n_frames, n_cameras, n_keypoints), np.int16)
    columns = {k: [] for k in ("frame", "camera", "number", "xy")}
    for f in range(n_frames):
        for c in range(n_cameras):
            there = np.flatnonzero(np.isfinite(dots[f, c, :, 0]))
            order = there[np.argsort(dots[f, c, there, 1])]
            columns["frame"].append(np.full(len(order), f))
            columns["camera"].append(np.full(len(order), c))
            columns["number"].append(np.arange(1, len(order) + 1))
            columns["xy"].append(dots[f, c, order])
            for number, which in enumerate(order, 1):
                if which < n_keypoints:
                    truth[f, c, which] = number
    frame, camera, number, xy = (
        np.concatenate(columns[k]) for k in ("frame", "camera", "number", "xy")
    )
    unknown = np.full(len(frame), np.nan)
    table = CandidateTable(
        frame.astype(np.int64),
        camera.astype(np.int16),
        number.astype(np.int32),
        xy,
        unknown,
        unknown,
    )
    session = Session(name, rig, skeleton, np.arange(n_frames), points, table, truth, fps=fps)
    session.seeds = seed_table(session, seeds)
    return session


def seed_table(session: Session, seeds) -> SeedTable:
    """Label as a person would: every dot of the seed frames, occluded where there is none."""
    rows = []
    for f in seeds:
        for c in range(len(session.rig)):
            dots = session.candidates.of(f, c).xy
            for k in range(len(session.skeleton)):
                number = session.truth[f, c, k]
                xy = dots[number - 1] if number else (np.nan, np.nan)
                rows.append((f, c, k, *xy))
    frame, camera, keypoint, x, y = (np.array(column) for column in zip(*rows, strict=True))
    return SeedTable(
        frame.astype(np.int64),
        camera.astype(np.int16),
        keypoint.astype(np.int16),
        np.stack([x, y], -1),
    )


def best_seeds(points, count=3):
    """Frames a person would pick: complete and unlike each other."""
    complete = np.isfinite(points).all((1, 2))
    rows = np.flatnonzero(complete)
    shape = np.linalg.norm(points[rows][:, :, None] - points[rows][:, None], axis=-1).reshape(
        len(rows), -1
    )
    chosen = [int(np.linalg.norm(shape - np.median(shape, 0), axis=1).argmin())]
    while len(chosen) < count:
        distance = np.min([np.linalg.norm(shape - shape[c], axis=1) for c in chosen], axis=0)
        # Not the most extreme frame: a person takes different ones, not the strangest ones.
        chosen.append(int(np.argsort(distance)[int(0.8 * len(distance))]))
    return sorted(int(rows[c]) for c in chosen)


DANNCE = {
    "ear_L": "EarL", "ear_R": "EarR", "nose": "Snout", "back_top": "SpineF",
    "back_middle": "SpineM",
    "forepaw_L": "ForepawL", "forepaw_R": "ForepawR", "hindpaw_L": "HindpawL",
    "hindpaw_R": "HindpawR", "tail_base": "Tail(base)", "tail_middle": "Tail(mid)",
    "tail_tip": "Tail(end)",
}  # fmt: skip


def dannce_skeleton() -> Skeleton:
    return Skeleton(
        tuple(DANNCE),
        regions={
            "ears": ("ear_L", "ear_R", "nose"), "back": ("back_top", "back_middle"),
            "paws": ("forepaw_L", "forepaw_R", "hindpaw_L", "hindpaw_R"),
            "tail": ("tail_base", "tail_middle", "tail_tip"),
        },
        symmetric=(("ear_L", "ear_R"), ("forepaw_L", "forepaw_R"), ("hindpaw_L", "hindpaw_R")),
        edges=(
            ("nose", "back_top"), ("back_top", "back_middle"), ("back_middle", "tail_base"),
            ("tail_base", "tail_middle"), ("tail_middle", "tail_tip"),
        ),
    )  # fmt: skip


def dannce_session(path: Path, **settings) -> Session:
    data = np.load(path / "dannce_mouse_6cam" / "mouse1_81frames.npz")
    names = list(data["keypoints"])
    points = data["points3d"][:, [names.index(n) for n in DANNCE.values()]]
    seeds = settings.pop("seeds", None) or best_seeds(points)
    return simulate(
        settings.pop("name", "dannce"),
        dannce_rig(path),
        dannce_skeleton(),
        points,
        seeds=seeds,
        **settings,
    )


def oist_skeleton() -> Skeleton:
    names = (
        "left_hip", "right_hip", "left_coord", "right_coord", "left_back", "right_back",
        "left_knee", "left_ankle", "right_knee", "right_ankle", "miniscope",
    )  # fmt: skip
    return Skeleton(
        names,
        regions={"trunk": names[:6], "legs": names[6:10], "head": names[10:]},
        symmetric=tuple((n, n.replace("left", "right")) for n in names if n.startswith("left")),
    )


# In this stretch (300 Hz frames) the published labels exchange the knees: "left_knee" is 31 mm from
# "left_ankle", a bone of 12 mm everywhere else, and 16 mm from "right_hip".
EXCHANGED = slice(5525, 6285)


def oist_points(path: Path, repaired: bool):
    data = np.load(path / "oist_mouse_markers" / "MOS1aD_S2_M5_MC2_T2_TRM_5MMIN_E.npz")
    points = data["labelled_xyz_mm"].astype(float)
    if repaired:
        left, right = (oist_skeleton().keypoints.index(n) for n in ("left_knee", "right_knee"))
        points[EXCHANGED] = swapped(points[EXCHANGED], left, right)
    return points, data["unidentified_xyz_mm"].astype(float)


def swapped(points, a, b):
    points = points.copy()
    points[:, [a, b]] = points[:, [b, a]]
    return points


def oist_session(path: Path, thin: int = 10, **settings) -> Session:
    points, ghosts = (a[::thin] for a in oist_points(path, settings.pop("repaired", True)))
    # Into the middle of the rig, on its floor.
    middle = np.nanmedian(points.reshape(-1, 3), axis=0)
    shift = np.array([25.0, 35.0, 30.0]) - middle
    seeds = settings.pop("seeds", None) or best_seeds(points)
    return simulate(
        settings.pop("name", "oist 30 Hz"), dannce_rig(path), oist_skeleton(), points + shift,
        seeds=seeds,
        ghosts=ghosts + shift, fps=300 / thin, **settings,
    )  # fmt: skip


SAMPLE = Path(__file__).parents[1] / "sample_data" / "six_view_mouse"


def sample_session(
    folder: Path = SAMPLE, *, missed=0.0, spurious=3, noise=0.3, seed=0, name="sample"
) -> Session:
    """Take the dots that glow in the sample session; add noise, spurious dots, mirror images."""
    rng = np.random.default_rng(seed)
    truth = np.load(folder / "truth.npz")
    rig, skeleton = sample_rig(folder), Skeleton.quantum_dot_mouse()
    visible = truth["visible"] & (rng.random(truth["visible"].shape) >= missed)
    dots = np.where(visible[..., None], truth["projections"], np.nan)
    mirrored = truth["points3d"] * (1, 1, -1)
    mirrored[rng.random(mirrored.shape[:2]) < 0.8] = np.nan
    mirrors = (
        project(rig, mirrored.reshape(-1, 3))
        .reshape(len(dots), -1, len(rig), 2)
        .transpose(0, 2, 1, 3)
    )
    middle = np.nanmedian(dots, axis=2, keepdims=True)
    specks = middle + rng.normal(0, 120, (*dots.shape[:2], spurious, 2))
    dots = np.concatenate([dots + rng.normal(0, noise, dots.shape), mirrors, specks], axis=2)
    seeds = sorted(
        {int(line.split(",")[0]) for line in (folder / "seeds.csv").read_text().splitlines()[1:]}
    )
    return tabulate(name, rig, skeleton, truth["points3d"], dots, seeds, 28.6)


def sample_rig(folder: Path) -> Rig:
    import tomllib

    table = tomllib.loads((folder / "calibration.toml").read_text(encoding="utf-8"))
    return Rig(tuple(
        Camera(
            c["name"], tuple(c["size"]), c["matrix"], c["distortions"],
            c["rotation"], c["translation"],
        )
        for key, c in table.items() if key != "metadata"
    ))  # fmt: skip


def detected_session(project_folder: Path) -> Session:
    """Take the sample session with the candidates that a project holds."""
    from napari_behaviorvlm.io.project import Project

    session = sample_session(name="sample, detected")
    with Project(project_folder) as opened:
        session.candidates = opened.candidates().read(range(len(session.frames)))
    truth = np.load(SAMPLE / "truth.npz")
    session.truth[:] = truth["visible"]
    rows = [line.split(",") for line in (SAMPLE / "seeds.csv").read_text().splitlines()[1:]]
    numbers = [
        (
            int(f),
            session.rig.index(c),
            session.skeleton.index(k),
            float(x or "nan"),
            float(y or "nan"),
        )
        for f, c, k, x, y in rows
    ]
    frame, camera, keypoint, x, y = (np.array(column) for column in zip(*numbers, strict=True))
    session.seeds = SeedTable(
        frame.astype(np.int64),
        camera.astype(np.int16),
        keypoint.astype(np.int16),
        np.stack([x, y], -1),
    )
    return session


def long_session(path: Path, n_frames: int) -> Session:
    """Candidates only: the real motion, forth and back, until it is long enough."""
    session = oist_session(path, name=f"oist x {n_frames} frames")
    table, period = session.candidates, len(session.frames)
    parts = []
    for turn in range(-(-n_frames // period)):
        frame = turn * period + (table.frame if turn % 2 == 0 else period - 1 - table.frame)
        order = np.argsort(frame, kind="stable")
        part = table.select(slice(None))
        parts.append(
            type(table)(frame, part.camera, part.number, part.xy, part.intensity, part.size).select(
                order
            )
        )
    session.candidates = CandidateTable.concatenate(parts)
    keep = session.candidates.frame < n_frames
    session.candidates = session.candidates.select(keep)
    index = np.concatenate(
        [np.arange(period) if t % 2 == 0 else np.arange(period)[::-1] for t in range(len(parts))]
    )
    index = index[:n_frames]
    session.frames = np.arange(n_frames)
    session.points, session.truth = session.points[index], session.truth[index]
    return session
