"""Detecting the dots of one chunk of one camera."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_behaviorvlm.candidates.background import (
    Background,
    estimate_background,
    sample_frames,
)
from napari_behaviorvlm.candidates.detection import DetectionSettings, Detector
from napari_behaviorvlm.candidates.table import table_from
from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.io.atomic import atomic_write
from napari_behaviorvlm.io.project.chunks import CandidateChunks, chunk_range
from napari_behaviorvlm.io.video import FrameReader, open_video


@dataclass(frozen=True)
class CameraWork:
    """One camera's video and where its candidates go.

    Parameters
    ----------
    name : str
    video : Path
    chunks : CandidateChunks
    settings : DetectionSettings
    n_frames : int
        Frames of the recording.
    """

    name: str
    video: Path
    chunks: CandidateChunks
    settings: DetectionSettings
    n_frames: int


class Worker:
    """Works on chunks one after the other, keeping videos open between them.

    A chunk usually begins where the one before ended, so a video is neither indexed nor searched
    twice.
    """

    def __init__(self) -> None:
        self._readers: dict[str, FrameReader] = {}
        self._detectors: dict[str, Detector] = {}

    def prepare(self, work: CameraWork) -> None:
        """Estimate a camera's background unless it lies on the disk already.

        Raises
        ------
        VideoError
            If the video cannot be read.
        """
        path = _background_path(work)
        if path.is_file():
            return
        pictures = [self._reader(work).read(int(at)) for at in sample_frames(work.n_frames)]
        arrays = estimate_background(pictures).to_arrays()
        with atomic_write(path, error=ProjectError) as handle:
            np.savez(handle, **arrays)  # type: ignore[arg-type]

    def detect(
        self,
        work: CameraWork,
        chunk: int,
        tick: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Detect the dots of a chunk and write them, unless cancelled in between.

        Raises
        ------
        VideoError
            If the video cannot be read.
        ProjectError
            If the disk is full or not writable.
        """
        detector = self._detector(work)
        frames = chunk_range(chunk, work.n_frames)
        found = []
        for picture in self._reader(work).iter(frames.start, frames.stop):
            if cancelled():
                return
            found.append(detector(picture))
            tick(work.name)
        camera = np.zeros(len(frames), np.int16)
        work.chunks.write(chunk, table_from(np.asarray(frames), camera, found))

    def close(self) -> None:
        """Close the videos."""
        for reader in self._readers.values():
            reader.close()

    def _reader(self, work: CameraWork) -> FrameReader:
        if work.name not in self._readers:
            self._readers[work.name] = _open(work)
        return self._readers[work.name]

    def _detector(self, work: CameraWork) -> Detector:
        if work.name not in self._detectors:
            with np.load(_background_path(work), allow_pickle=False) as stored:
                background = Background.from_arrays(dict(stored))
            self._detectors[work.name] = Detector(background, work.settings)
        return self._detectors[work.name]


def prepare_camera(work: CameraWork) -> None:
    """Estimate a camera's background; see `Worker.prepare`. For another process or machine."""
    with closing(Worker()) as worker:
        worker.prepare(work)


def detect_run(work: CameraWork, chunks: Sequence[int]) -> None:
    """Detect the dots of successive chunks of a camera. For another process or machine."""
    with closing(Worker()) as worker:
        for chunk in chunks:
            worker.detect(work, chunk, lambda _: None, lambda: False)


def _background_path(work: CameraWork) -> Path:
    return work.chunks.folder / "background.npz"


def _open(work: CameraWork) -> FrameReader:
    reader = open_video(work.video)
    if reader.n_frames < work.n_frames:
        reader.close()
        raise VideoError(
            f"{work.video} has {reader.n_frames} frames, but the project was made with "
            f"{work.n_frames}: was the file replaced?"
        )
    return reader
