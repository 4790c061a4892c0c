"""A project of any length with candidates, a finished run, seeds and planted mistakes.

The truth of the sample session is played forth and back. Its dots are the candidates, with missed
and spurious ones; the run names them all, some of them wrongly, and is triangulated as a real run
is. Only the first playing is computed, the others repeat it.

    python benchmarks/synthetic_project.py FOLDER --frames 100000
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.triangulation import triangulate
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.io.project.derived import write_result
from napari_behaviorvlm.io.project.store import Run, StoredLabel
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.io.skeleton import read_skeleton
from napari_behaviorvlm.io.sqlite_files import now

MISSED, SPURIOUS, NOISE_PX = 0.05, 3, 0.3
WRONG = 0.003
"""Share of labels that name a wrong dot; about 2 % of the points have one."""
AUTHOR = "synthetic"


@dataclass(frozen=True, eq=False)
class Dots:
    """Dots of one playing, F frames: the keypoints' first, then spurious ones.

    Parameters
    ----------
    xy : ndarray, shape (F, C, K + spurious, 2)
    present : ndarray of bool, shape (F, C, K + spurious)
    number : ndarray of int, shape (F, C, K + spurious)
        From top to bottom, from 1; 0 where there is no dot.
    """

    xy: NDArray[np.float64]
    present: NDArray[np.bool_]
    number: NDArray[np.intp]


def make_project(folder: Path, frames: int, *, accepted_frames: int = 0) -> Project:
    """Write a project and return it, open for writing.

    Parameters
    ----------
    folder : Path
        Empty or not there.
    frames : int
        Its length.
    accepted_frames : int
        So many frames at the beginning have all their labels accepted by a person.
    """
    rig, skeleton = _rig(), read_skeleton(six_view_mouse().skeleton)
    dots = _dots(len(skeleton))
    labels, poses = _one_playing(rig, skeleton, dots)
    playing = np.arange(frames) % len(labels.frames)
    project = _new_project(folder, frames, rig, skeleton)
    _write_candidates(project, dots, playing)
    labels, poses = repeated(labels, playing), repeated(poses, playing)
    write_result(project.result("synthetic"), labels, poses)
    run = Run("geometric", "synthetic", 0, frames, {"noise_px": NOISE_PX, "wrong": WRONG})
    project.store.add_run(run, __version__)
    _seed(project, dots, min(frames, len(dots.xy)))
    _accept(project, labels, range(min(accepted_frames, frames)))
    return project


def repeated(table, playing):
    """Return labels or poses of one playing, repeated over all frames."""
    columns = {name: values[playing] for name, values in vars(table).items() if name != "frames"}
    return type(table)(frames=np.arange(len(playing)), **columns)


def _rig() -> Rig:
    return read_calibration(six_view_mouse().calibration)


def _dots(n_keypoints: int) -> Dots:
    rng = np.random.default_rng(0)
    with np.load(six_view_mouse().truth) as truth:
        length = len(truth["points3d"])
        back_and_forth = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
        xy, visible = truth["projections"][back_and_forth], truth["visible"][back_and_forth]
    assert xy.shape[2] == n_keypoints
    present = visible & (rng.random(visible.shape) > MISSED)
    spurious = rng.uniform(200, 824, (*xy.shape[:2], SPURIOUS, 2))
    xy = np.concatenate([xy + rng.normal(0, NOISE_PX, xy.shape), spurious], axis=2)
    present = np.concatenate([present, np.ones(spurious.shape[:3], bool)], axis=2)
    height = np.where(present, xy[..., 1], np.inf)
    number = np.where(present, height.argsort(axis=2).argsort(axis=2) + 1, 0)
    return Dots(xy, present, number)


def _one_playing(rig: Rig, skeleton: Skeleton, dots: Dots) -> tuple[Labels, Poses]:
    """Labels and poses of the first playing, with planted mistakes."""
    rng = np.random.default_rng(1)
    n_frames, n_cameras, n_dots = dots.present.shape
    n_keypoints = len(skeleton)
    chosen = np.broadcast_to(np.arange(n_keypoints), (n_frames, n_cameras, n_keypoints)).copy()
    wrong = rng.random(chosen.shape) < WRONG
    chosen[wrong] = rng.integers(0, n_dots, np.count_nonzero(wrong))
    named = np.take_along_axis(dots.present, chosen, axis=2)
    labels = Labels.empty(np.arange(n_frames), n_cameras, n_keypoints)
    labels.xy[named] = np.take_along_axis(dots.xy, chosen[..., None], axis=2)[named]
    labels.candidate[:] = np.take_along_axis(dots.number, chosen, axis=2)
    labels.status[named], labels.source[named] = Status.PROPOSED, Source.GEOMETRIC
    labels.confidence[named] = np.where(wrong, 0.7, 0.99)[named]
    return labels, _triangulated(rig, labels)


def _triangulated(rig: Rig, labels: Labels) -> Poses:
    n_frames, n_cameras, n_keypoints = labels.status.shape
    found = triangulate(rig, labels.xy.transpose(0, 2, 1, 3).reshape(-1, n_cameras, 2))
    shape = (n_frames, n_keypoints)

    def per_view(values):
        return np.ascontiguousarray(values.reshape(*shape, n_cameras).transpose(0, 2, 1))

    return Poses(
        labels.frames, found.points.reshape(*shape, 3), found.error.reshape(shape),
        per_view(found.view_error), per_view(found.leave_one_out), found.n_views.reshape(shape),
        found.covariance.reshape(*shape, 3, 3), np.fmin.reduce(labels.confidence, axis=1),
    )  # fmt: skip


def _new_project(folder: Path, frames: int, rig: Rig, skeleton: Skeleton) -> Project:
    views = {camera.name: ViewConfig(size=camera.size) for camera in rig}
    config = ProjectConfig(name=f"synthetic {frames}", fps=100, n_frames=frames, views=views)
    return Project.create(folder, config, rig, skeleton)


def _write_candidates(project: Project, dots: Dots, playing: NDArray[np.intp]) -> None:
    with project.replacing_imported() as folders:
        write_table(folders, _candidates(dots, playing), len(playing))


def _candidates(dots: Dots, playing: NDArray[np.intp]) -> CandidateTable:
    present = dots.present[playing]
    frame, camera, dot = np.nonzero(present)
    number = dots.number[playing][present]
    order = np.argsort((frame * present.shape[1] + camera) * present.shape[2] + number)
    frame, camera, dot = frame[order], camera[order], dot[order]
    unknown = np.full(len(frame), np.nan)
    return CandidateTable(
        frame, camera.astype(np.int16), number[order].astype(np.int32),
        dots.xy[playing[frame], camera, dot], unknown, unknown,
    )  # fmt: skip


def _seed(project: Project, dots: Dots, end: int) -> None:
    """Three frames labelled by a person, without mistakes."""
    seeds = np.unique(np.linspace(0, end - 1, 3).astype(int)).tolist()
    changes = []
    for row, camera, keypoint in np.ndindex(len(seeds), len(project.rig), len(project.skeleton)):
        at = (seeds[row], camera, keypoint)
        if dots.present[at]:
            x, y = dots.xy[at].tolist()
            label = StoredLabel(
                x, y, int(dots.number[at]), Status.CORRECTED, Source.HUMAN, None, AUTHOR, now()
            )
            changes.append((at, label))
    project.store.apply(changes, "seeds", AUTHOR)
    project.store.set_seed_frames(seeds, AUTHOR)


def _accept(project: Project, labels: Labels, rows: range) -> None:
    created = now()
    changes = []
    for cell in zip(*np.nonzero(labels.status[: len(rows)]), strict=True):
        x, y = labels.xy[cell].tolist()
        label = StoredLabel(
            x, y, int(labels.candidate[cell]), Status.ACCEPTED, Source.GEOMETRIC,
            float(labels.confidence[cell]), AUTHOR, created,
        )  # fmt: skip
        changes.append((tuple(map(int, cell)), label))
    if changes:
        project.store.apply(changes, "accept frames", AUTHOR)


def main() -> None:
    """Write one project and say what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--accepted-frames", type=int, default=0)
    args = parser.parse_args()
    start = time.perf_counter()
    make_project(args.folder, args.frames, accepted_frames=args.accepted_frames).close()
    print(f"{args.folder}: {args.frames} frames in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
