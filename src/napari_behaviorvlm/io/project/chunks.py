"""Candidates of one camera on disk: a folder of chunks, each written once and atomically."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.atomic import atomic_write_bytes

CHUNK_FRAMES = 200
"""Frames in a chunk: small enough to lose little when killed, large enough to read quickly."""


def chunk_range(chunk: int, n_frames: int) -> range:
    """Frames of a chunk."""
    return range(chunk * CHUNK_FRAMES, min((chunk + 1) * CHUNK_FRAMES, n_frames))


def chunks_of(frames: range) -> range:
    """Chunks that hold some of these frames."""
    if not frames:
        return range(0)
    return range(frames.start // CHUNK_FRAMES, (frames.stop - 1) // CHUNK_FRAMES + 1)


@dataclass(frozen=True)
class CandidateChunks:
    """The candidates of one camera.

    Parameters
    ----------
    folder : Path
        One npz file a chunk. A chunk that exists is complete.
    """

    folder: Path

    def path(self, chunk: int) -> Path:
        """File of a chunk."""
        return self.folder / f"chunk_{chunk:06d}.npz"

    def has(self, chunk: int) -> bool:
        """Whether a chunk has been written."""
        return self.path(chunk).is_file()

    def describe(self, made_from: Mapping[str, object]) -> None:
        """Note what the candidates were made from, for people who look into the folder."""
        text = json.dumps(made_from, indent=2, sort_keys=True, default=str)
        atomic_write_bytes(self.folder / "made_from.json", text.encode(), error=ProjectError)

    def write(self, chunk: int, table: CandidateTable) -> None:
        """Write the candidates of a chunk (their camera column is not kept).

        Raises
        ------
        ProjectError
            If the disk is full or not writable.
        """
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            frame=table.frame,
            number=table.number,
            xy=table.xy,
            intensity=table.intensity,
            size=table.size,
        )
        atomic_write_bytes(self.path(chunk), buffer.getvalue(), error=ProjectError)

    def read(self, chunk: int, camera: int) -> CandidateTable:
        """Read the candidates of a chunk, as those of the given camera; empty if there are none.

        Raises
        ------
        ProjectError
            If the file is damaged.
        """
        path = self.path(chunk)
        if not path.is_file():
            return CandidateTable.empty()
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                return CandidateTable(
                    data["frame"], np.full(len(data["frame"]), camera, np.int16), data["number"],
                    data["xy"], data["intensity"], data["size"],
                )  # fmt: skip
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            raise ProjectError(
                f"{path} is damaged: delete it and run `behaviorvlm detect` again."
            ) from None


def write_table(folders: Sequence[CandidateChunks], table: CandidateTable, n_frames: int) -> None:
    """Write a table of all cameras as chunks, every chunk of the recording included."""
    chunk_of_row = table.frame // CHUNK_FRAMES
    for chunk in chunks_of(range(n_frames)):
        start, stop = np.searchsorted(chunk_of_row, [chunk, chunk + 1])
        rows = table.select(slice(int(start), int(stop)))
        for camera, chunks in enumerate(folders):
            chunks.write(chunk, rows.select(rows.camera == camera))


@dataclass(frozen=True)
class ProjectCandidates:
    """The candidates of all cameras of a project, read chunk by chunk.

    Parameters
    ----------
    cameras : tuple of CandidateChunks
        In the order of the rig.
    n_frames : int
        Frames of the recording.
    """

    cameras: tuple[CandidateChunks, ...]
    n_frames: int

    def read(self, frames: range) -> CandidateTable:
        """Candidates of a run of frames, O(frames asked for)."""
        parts = [
            chunks.read(chunk, camera)
            for chunk in chunks_of(frames)
            for camera, chunks in enumerate(self.cameras)
        ]
        table = CandidateTable.concatenate(parts)
        return table.select((table.frame >= frames.start) & (table.frame < frames.stop))

    def missing(self, frames: range) -> list[tuple[int, int]]:
        """(camera, chunk) pairs of these frames that have not been detected yet."""
        return [
            (camera, chunk)
            for chunk in chunks_of(frames)
            for camera, chunks in enumerate(self.cameras)
            if not chunks.has(chunk)
        ]

    def counts(self) -> tuple[int, int]:
        """Frames whose candidates are known in every camera, and candidates in them."""
        frames = total = 0
        for chunk in chunks_of(range(self.n_frames)):
            if all(chunks.has(chunk) for chunks in self.cameras):
                frames += len(chunk_range(chunk, self.n_frames))
                total += sum(len(c.read(chunk, 0)) for c in self.cameras)
        return frames, total
