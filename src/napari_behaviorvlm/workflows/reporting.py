"""The HTML report of a project."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.images import ImageSource
from napari_behaviorvlm.workflows.judgements import project_judgements
from napari_behaviorvlm.workflows.report import ReportInput, write_report
from napari_behaviorvlm.workflows.review import project_flags, project_queue
from napari_behaviorvlm.workflows.state import load_state

Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class KnownTruth:
    """What is known of a session that was made, not recorded.

    Parameters
    ----------
    points : ndarray, shape (F, K, 3)
        True positions, world coordinates.
    identities_right : float or None
        Share of keypoints on the right dot, 0..1.
    notes : sequence of (str, str)
        Further rows of the summary.
    """

    points: NDArray[np.float64]
    identities_right: float | None = None
    notes: Rows = field(default_factory=tuple)


def report_project(
    project: Project, path: Path, *, truth: KnownTruth | None = None, places: Rows = ()
) -> Path:
    """Write the report of a project as it stands; return where it lies.

    Raises
    ------
    ProjectError
        If the file cannot be written.
    """
    state = load_state(project)
    flags = project_flags(project, state)
    with ExitStack() as stack:
        data = ReportInput(
            title=project.config.name,
            rig=project.rig,
            skeleton=project.skeleton,
            labels=state.labels,
            poses=state.poses,
            flags=flags,
            queue=project_queue(project, state, flags),
            candidates=project.candidates().read(range(project.config.n_frames)),
            read_image=_or_none(ImageSource(project, stack, project.video)),
            read_fluorescence=_or_none(ImageSource(project, stack, project.dot_video)),
            unit=project.config.unit,
            strategy="+".join(sorted({run.strategy for run in project.store.runs()})),
            seed_frames=project.store.seed_frames(),
            truth=None if truth is None else truth.points,
            identities_right=None if truth is None else truth.identities_right,
            fps=project.config.fps,
            places=places,
            notes=() if truth is None else truth.notes,
            judgements=project_judgements(project),
        )
        return write_report(path, data)


def _or_none(source: ImageSource) -> Callable[[str, int], NDArray[np.uint8] | None]:
    """Return None where a picture cannot be read: a report is still worth having."""

    def read(camera: str, frame: int) -> NDArray[np.uint8] | None:
        try:
            return source(camera, frame)
        except BehaviorVLMError:
            return None

    return read
