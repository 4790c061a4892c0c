"""Candidates of a whole recording: chunk by chunk, each written once, in any order.

Killed at any moment, it goes on where it stopped: a chunk on disk is complete, a background is a
function of its video alone, and both are found again by their content keys.
"""

import os
from collections.abc import Generator, Sequence
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
from napari_behaviorvlm.workflows.cluster import spread
from napari_behaviorvlm.workflows.detect_pool import Job, detect_chunks
from napari_behaviorvlm.workflows.detect_work import CameraWork, detect_run, prepare_camera

RUN = 5
"""Chunks that a worker of a cluster is given at once."""


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
    scheduler : str or None
        Address of a Dask scheduler whose workers detect, or "local"; see `spread`.
    """

    span: FrameSpan = field(default_factory=FrameSpan)
    threshold: float | None = None
    jobs: int | None = None
    replace_imported: bool = False
    scheduler: str | None = None


@dataclass(frozen=True)
class DetectReport:
    """What was detected: frames complete in all cameras, candidates in them, chunks of work."""

    frames: int
    candidates: int
    chunks: int
    new_chunks: int
    cameras: int

    @property
    def sentence(self) -> str:
        """The outcome for a person."""
        return (
            f"{self.candidates} candidates in {self.frames} frames of {self.cameras} cameras "
            f"({self.new_chunks} of {self.chunks} pieces were new)."
        )


def detect(project: Project, request: DetectRequest) -> Generator[Progress, None, DetectReport]:
    """Detect the dots of every camera.

    Raises
    ------
    ProjectError
        If candidates were imported, or there is no video.
    VideoError
        If a video is missing or cannot be decoded.
    """
    (report,) = yield from detect_all([project], request)
    return report


def detect_all(
    projects: Sequence[Project], request: DetectRequest
) -> Generator[Progress, None, list[DetectReport]]:
    """Detect the dots of every camera of several projects; see `detect`.

    On a cluster all of them are worked on at the same time, otherwise one after the other.
    """
    plans = [_plan(project, request) for project in projects]
    if request.scheduler is not None:
        jobs = [job for plan in plans for job in plan.jobs]
        works = list({work.chunks.folder: work for work, _ in jobs}.values())
        yield from spread(
            prepare_camera, [(work,) for work in works], scheduler=request.scheduler, what="videos"
        )
        yield from spread(
            detect_run, _runs(jobs), scheduler=request.scheduler, what="pieces of videos"
        )
    else:
        for plan in plans:
            yield from detect_chunks(plan.jobs, request.jobs or os.cpu_count() or 1)
    return [_report(project, plan) for project, plan in zip(projects, plans, strict=True)]


@dataclass(frozen=True)
class _Plan:
    """Chunks of a project that have to be detected, and how many there are with those done."""

    jobs: list[Job]
    chunks: int


def _plan(project: Project, request: DetectRequest) -> _Plan:
    if project.has_imported:
        if not request.replace_imported:
            raise ProjectError(
                f"The candidates of {project.folder} were imported from a table; "
                "use --again to drop them and detect instead."
            )
        project.forget_imported()
    chunks = chunks_of(request.span.within(project.config.n_frames))
    works = _prepare(project, request)
    jobs = [(work, chunk) for chunk in chunks for work in works if not work.chunks.has(chunk)]
    return _Plan(jobs, len(chunks) * len(works))


def _runs(jobs: Sequence[Job]) -> list[tuple[CameraWork, list[int]]]:
    """Put up to `RUN` chunks of a camera together: opening a long video takes a while."""
    by_video: dict[Path, tuple[CameraWork, list[int]]] = {}
    for work, chunk in jobs:
        by_video.setdefault(work.chunks.folder, (work, []))[1].append(chunk)
    return [
        (work, chunks[at : at + RUN])
        for work, chunks in by_video.values()
        for at in range(0, len(chunks), RUN)
    ]


def _report(project: Project, plan: _Plan) -> DetectReport:
    found, total = project.candidates().counts()
    return DetectReport(found, total, plan.chunks, len(plan.jobs), len(project.rig))


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
        chunks = CandidateChunks(project.candidate_folder(key).absolute())
        with explained(chunks.folder):
            chunks.folder.mkdir(parents=True, exist_ok=True)
        chunks.describe({"camera": name, **made_from[name]})
        works.append(CameraWork(name, videos[name].absolute(), chunks, settings, n_frames))
    project.set_candidate_keys(keys)
    return works
