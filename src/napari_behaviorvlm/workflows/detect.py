"""Candidates of a whole recording: chunk by chunk, each written once, in any order.

Killed at any moment, it goes on where it stopped: a chunk on disk is complete, a background is a
function of its video alone, and both are found again by their content keys.
"""

import os
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from napari_behaviorvlm.candidates.detection import DetectionSettings
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import explained
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import CandidateChunks, chunks_of
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.io.video import fingerprint
from napari_behaviorvlm.workflows.detect_pool import detect_chunks
from napari_behaviorvlm.workflows.detect_work import CameraWork


@dataclass(frozen=True)
class DetectRequest:
    """What to detect.

    Parameters
    ----------
    span : FrameSpan
        Whole chunks that hold these frames are detected.
    threshold : float or None
        Noise sigmas a dot must stand out; the detector's default where None.
    jobs : int or None
        Processes; all cores where None.
    replace_imported : bool
        Drop imported candidates; they are an error otherwise.
    """

    span: FrameSpan = field(default_factory=FrameSpan)
    threshold: float | None = None
    jobs: int | None = None
    replace_imported: bool = False


@dataclass(frozen=True)
class DetectReport:
    """What was detected: frames complete in all cameras, candidates in them, chunks of work."""

    frames: int
    candidates: int
    chunks: int
    new_chunks: int


def detect(project: Project, request: DetectRequest) -> Generator[Progress, None, DetectReport]:
    """Detect the dots of every camera.

    Raises
    ------
    ProjectError
        If candidates were imported, or there is no video.
    VideoError
        If a video is missing or cannot be decoded.
    """
    if project.has_imported:
        if not request.replace_imported:
            raise ProjectError(
                "This project's candidates were imported from a table; "
                "use --again to drop them and detect instead."
            )
        project.forget_imported()
    frames = request.span.within(project.config.n_frames)
    works = _prepare(project, request)
    jobs = [
        (work, chunk) for chunk in chunks_of(frames) for work in works
        if not work.chunks.has(chunk)
    ]  # fmt: skip
    yield from detect_chunks(jobs, request.jobs or os.cpu_count() or 1)
    found, total = project.candidates().counts()
    return DetectReport(found, total, len(chunks_of(frames)) * len(works), len(jobs))


def open_chunks(project: Project, frames: range) -> list[tuple[str, int]]:
    """(Camera, chunk) pairs that `detect` with its default settings has still to do.

    Raises
    ------
    ProjectError
        If a camera has no video.
    VideoError
        If a video is missing.
    """
    return [
        (name, chunk)
        for name, content in ingredients(project, DetectionSettings()).items()
        for chunk in chunks_of(frames)
        if not CandidateChunks(project.candidate_folder(content_key(content))).has(chunk)
    ]


def ingredients(project: Project, settings: DetectionSettings) -> dict[str, dict[str, object]]:
    """Everything that decides a camera's candidates, by camera: their content keys' content.

    Raises
    ------
    ProjectError
        If a camera has no video.
    VideoError
        If a video is missing.
    """
    n_frames = project.config.n_frames
    return {
        name: {"video": fingerprint(path), "frames": n_frames, "detection": settings.key()}
        for name, path in _dot_videos(project).items()
    }


def _dot_videos(project: Project) -> dict[str, Path]:
    videos = {}
    for name in project.rig.names:
        path = project.dot_video(name)
        if path is None:
            raise ProjectError(
                f"This project has no video of camera {name!r}: import candidates with "
                "`behaviorvlm candidates import`."
            )
        videos[name] = path
    return videos


def _prepare(project: Project, request: DetectRequest) -> list[CameraWork]:
    settings = DetectionSettings()
    if request.threshold is not None:
        settings = DetectionSettings(threshold=request.threshold)
    videos, n_frames = _dot_videos(project), project.config.n_frames
    made_from = ingredients(project, settings)
    keys = {name: content_key(content) for name, content in made_from.items()}
    works = []
    for name, key in keys.items():
        chunks = CandidateChunks(project.candidate_folder(key))
        with explained(chunks.folder):
            chunks.folder.mkdir(parents=True, exist_ok=True)
        chunks.describe({"camera": name, **made_from[name]})
        works.append(CameraWork(name, videos[name], chunks, settings, n_frames))
    project.set_candidate_keys(keys)
    return works
