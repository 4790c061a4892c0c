"""What the runs of a project propose: the ground on which people's decisions lie."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import (
    has_result,
    read_alternative,
    read_exchanges,
    read_leans,
    read_result,
)
from napari_behaviorvlm.io.project.store import Cell


@dataclass(frozen=True, eq=False)
class Proposals:
    """Results of the current runs, mapped into memory.

    Parameters
    ----------
    shape : (int, int, int)
        Frames of the recording, cameras, keypoints.
    folders : tuple of Path
        Results, oldest first: newer ones lie over older ones.
    results : tuple of (int, Labels, Poses)
        Their first frame and read-only arrays, newest first.
    alternatives : tuple of ndarray of int16, shape (F, C, K)
        Candidates of the next best naming in each of them, 0 for none.
    """

    shape: tuple[int, int, int]
    folders: tuple[Path, ...]
    results: tuple[tuple[int, Labels, Poses], ...]
    alternatives: tuple[NDArray[np.int16], ...]

    @classmethod
    def of(cls, project: Project) -> "Proposals":
        """Open the results of a project.

        Raises
        ------
        ProjectError
            If a result is damaged.
        """
        shape = (project.config.n_frames, len(project.rig), len(project.skeleton))
        folders = tuple(
            folder
            for folder in (project.result(run.key) for run in project.store.runs())
            if has_result(folder)
        )
        tables = [read_result(folder) for folder in reversed(folders)]
        alternatives = tuple(
            read_alternative(folder, labels.status.shape)
            for folder, (labels, _) in zip(reversed(folders), tables, strict=True)
        )
        results = tuple((int(t[0].frames[0]), *t) for t in tables)
        return cls(shape, folders, results, alternatives)

    def arrays(self) -> tuple[Labels, Poses]:
        """Labels and poses of every frame, which may be written to; files are not changed by it."""
        n_frames = self.shape[0]
        if len(self.results) == 1 and len(self.results[0][1].frames) == n_frames:
            return read_result(self.folders[0], writable=True)
        labels = Labels.empty(np.arange(n_frames), *self.shape[1:])
        poses = Poses.empty(labels.frames, *self.shape[1:])
        for first, new_labels, new_poses in reversed(self.results):
            rows = slice(first, first + len(new_labels.frames))
            _write(labels, rows, new_labels)
            _write(poses, rows, new_poses)
        return labels, poses

    def restore_label(self, labels: Labels, cell: Cell) -> None:
        """Put a cell back to what is proposed for it."""
        source, row = self._labels_of(cell[0])
        for name in _columns(labels):
            getattr(labels, name)[cell] = getattr(source, name)[(row, *cell[1:])]

    def restore_point(self, poses: Poses, row: int, keypoint: int) -> None:
        """Put a 3D point and everything known of it back to what is proposed."""
        source, at = self._poses_of(row)
        for name in _columns(poses):
            target, values = getattr(poses, name), getattr(source, name)
            if name in {"view_error", "leave_one_out"}:
                target[row, :, keypoint] = values[at, :, keypoint]
            else:
                target[row, keypoint] = values[at, keypoint]

    def has_positions(self, labels: Labels, row: int, keypoint: int) -> bool:
        """Whether all views of a point carry exactly the positions that are proposed."""
        source, at = self._labels_of(row)
        positioned = np.isin(labels.status[row, :, keypoint], LABELLED)
        proposed = np.isin(source.status[at, :, keypoint], LABELLED)
        same = np.array_equal(
            labels.xy[row, :, keypoint], source.xy[at, :, keypoint], equal_nan=True
        )
        return same and bool((positioned == proposed).all())

    def candidate(self, cell: Cell) -> int:
        """Return the dot that is proposed for a cell, 0 for none."""
        source, row = self._labels_of(cell[0])
        return int(source.candidate[(row, *cell[1:])])

    def alternative(self, row: int, keypoint: int) -> NDArray[np.int16]:
        """Return the candidate in each view that is this keypoint in the next best naming.

        Returns
        -------
        ndarray of int16, shape (C,)
            0 where there is none.
        """
        for (first, labels, _), numbers in zip(self.results, self.alternatives, strict=True):
            if 0 <= row - first < len(labels.frames):
                return numbers[row - first, :, keypoint]
        return np.zeros(self.shape[1], np.int16)

    def all_alternatives(self) -> NDArray[np.int16]:
        """Return the next best naming of all frames, shape (F, C, K); newer over older."""
        whole = np.zeros(self.shape, np.int16)
        for (first, *_), numbers in reversed(
            list(zip(self.results, self.alternatives, strict=True))
        ):
            whole[first : first + len(numbers)] = numbers
        return whole

    def all_exchanges(self) -> NDArray[np.int64]:
        """Frame, camera and number of the exchanges that the proposals come from, shape (n, 3)."""
        covered = np.zeros(self.shape[0], bool)
        parts = [np.zeros((0, 3), np.int64)]
        for folder, (first, labels, _) in zip(reversed(self.folders), self.results, strict=True):
            rows = read_exchanges(folder)
            parts.append(rows[~covered[rows[:, 0]]])
            covered[first : first + len(labels.frames)] = True
        return np.concatenate(parts)

    def all_leans(self) -> NDArray[np.int64]:
        """Frames that names lean on, shape (F, K), newer over older; -1 for none."""
        whole = np.full((self.shape[0], self.shape[2]), -1)
        for folder, (first, labels, _) in zip(self.folders, reversed(self.results), strict=True):
            size = len(labels.frames)
            whole[first : first + size] = read_leans(folder, (size, self.shape[2]))
        return whole

    def _labels_of(self, row: int) -> tuple[Labels, int]:
        for first, labels, _ in self.results:
            if 0 <= row - first < len(labels.frames):
                return labels, row - first
        return Labels.empty(np.array([row]), *self.shape[1:]), 0

    def _poses_of(self, row: int) -> tuple[Poses, int]:
        for first, labels, poses in self.results:
            if 0 <= row - first < len(labels.frames):
                return poses, row - first
        return Poses.empty(np.array([row]), *self.shape[1:]), 0


def _write(target: Labels | Poses, rows: slice, source: Labels | Poses) -> None:
    for name in _columns(source):
        getattr(target, name)[rows] = getattr(source, name)


def _columns(table: Labels | Poses) -> list[str]:
    return [column.name for column in fields(table) if column.name != "frames"]
