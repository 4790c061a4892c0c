"""Everything on the sample session, from videos to training sets."""

from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.identity.evaluation import Score, evaluate
from napari_behaviorvlm.io.export import ExportReport
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import SampleSession, six_view_mouse
from napari_behaviorvlm.workflows.create import NewProject, create_project
from napari_behaviorvlm.workflows.detect import DetectReport, DetectRequest, detect
from napari_behaviorvlm.workflows.export import export_project
from napari_behaviorvlm.workflows.label import LabelReport, LabelRequest, label
from napari_behaviorvlm.workflows.reporting import KnownTruth, report_project
from napari_behaviorvlm.workflows.review import ReviewListing, accept_unflagged, review
from napari_behaviorvlm.workflows.seed import seed
from napari_behaviorvlm.workflows.state import load_state

PROJECT = "six_view_mouse"
REPORT = "report.html"
EXPORTS = {"dlc": 8, "sleap": 8, "csv": 1}
"""Formats, and of how many frames one is taken: 30 of 240 make a training set of 180 pictures."""
WRONG_MM = 5.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class DemoReport:
    """What the demo did.

    Parameters
    ----------
    folder : Path
    seconds : float
        Wall time of the whole.
    score : Score
        Against the truth, which is known because the session is rendered.
    named_right : float
        Share of the labels in the views that are on the right dot, 0..1.
    accepted : int
        Labels accepted because no flag concerns them.
    """

    folder: Path
    cameras: int
    frames: int
    detected: DetectReport
    labelled: LabelReport
    score: Score
    named_right: float
    accepted: int
    review: ReviewListing
    exports: tuple[ExportReport, ...]
    seconds: float

    @property
    def project(self) -> Path:
        """The project folder."""
        return self.folder / PROJECT

    @property
    def headline(self) -> str:
        """What happened, in one sentence."""
        return (
            f"Six rendered views of a mouse: {self.detected.candidates} dots found, named by the "
            "geometric solver (not a vision-language model) and checked against the truth."
        )

    def rows(self) -> list[tuple[str, str]]:
        """Lines of the summary table."""
        score, labels = self.score, self.labelled
        return [
            ("frames x cameras", f"{self.frames} x {self.cameras}"),
            ("candidates", str(self.detected.candidates)),
            ("keypoints in 3D", f"{labels.points} of {labels.points_possible}"),
            ("coverage of what two cameras see", f"{100 * score.coverage:.1f} %"),
            ("error, mean / median", f"{score.mean:.2f} / {score.median:.2f} mm"),
            (f"within {WRONG_MM:.0f} mm", f"{100 * score.within:.2f} %"),
            ("labels on the right dot", f"{100 * self.named_right:.2f} %"),
            ("reprojection error, median", f"{labels.median_error:.2f} px"),
            ("accepted (no flag)", f"{self.accepted} labels"),
            ("flagged, to be looked at", f"{self.review.waiting} points"),
            ("time", f"{self.seconds:.0f} s"),
        ]

    def places(self) -> list[tuple[str, str]]:
        """List what lies where."""
        places = [("report (open it in a browser)", str(self.folder / REPORT)),
                  ("project", str(self.project))]  # fmt: skip
        return places + [(f"{report.format} export", str(report.out)) for report in self.exports]

    def to_dict(self) -> dict[str, object]:
        """Everything, for ``--json``."""
        return {
            "folder": str(self.folder), "cameras": self.cameras, "frames": self.frames,
            "candidates": self.detected.candidates, "labels": vars(self.labelled),
            "score": asdict(self.score), "named_right": self.named_right, "accepted": self.accepted,
            "review": self.review.to_dict(), "seconds": self.seconds,
            "exports": [report.as_dict() for report in self.exports],
            "places": dict(self.places()),
        }  # fmt: skip


def run_demo(folder: Path) -> Generator[Progress, None, DemoReport]:
    """Run the demo into a folder; run again, it goes on where it stopped.

    Raises
    ------
    ProjectError
        If the folder holds something else.
    """
    begun = perf_counter()
    folder = Path(folder).absolute()
    sample = six_view_mouse()
    project = yield from _open(folder, sample)
    with project:
        detected = yield from _step("finding dots", detect(project, DetectRequest()))
        if not project.store.seed_frames():
            seed(project, sample.seeds)
        labelled = yield from _step("naming dots", label(project, LabelRequest()))
        accepted = accept_unflagged(project)
        exports = []
        for name, every in EXPORTS.items():
            writing = export_project(project, name, folder / name, every=every)
            exports.append((yield from _step(f"writing {name}", writing)))
        score, named_right = _score(project, sample)
        report = DemoReport(
            folder, len(project.rig), project.config.n_frames, detected, labelled, score,
            named_right, accepted, review(project), tuple(exports), perf_counter() - begun,
        )  # fmt: skip
        yield Progress(0, 0, "writing the report")
        report_project(
            project, folder / REPORT, truth=_truth(sample, report), places=report.places()
        )
    return report


def _open(folder: Path, sample: SampleSession) -> Generator[Progress, None, Project]:
    if (folder / PROJECT / "project.toml").is_file():
        return Project(folder / PROJECT)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder} already holds something else: choose another folder.")
    request = NewProject(
        folder=folder / PROJECT,
        calibration=sample.calibration,
        videos=sample.videos("reflectance"),
        fluorescence=sample.videos("fluorescence"),
        skeleton=sample.skeleton,
    )
    return (yield from _step("making the project", create_project(request)))


def _step(
    message: str, steps: Generator[Progress, None, Result]
) -> Generator[Progress, None, Result]:
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(step.done, step.total, message)


def _score(project: Project, sample: SampleSession) -> tuple[Score, float]:
    """Score against the truth.

    Returns
    -------
    Score
        Errors of everything that is reported; coverage of what at least two cameras saw.
    float
        Share of the labels in the views that are nearest to the true projection of the keypoint
        they name, and not to another's.
    """
    state = load_state(project)
    points = state.poses.points
    with np.load(sample.truth) as truth:
        seen = truth["visible"].sum(axis=1) >= 2
        reported = evaluate(points, truth["points3d"], np.ones_like(seen), WRONG_MM)
        covered = evaluate(points, truth["points3d"], seen, WRONG_MM)
        named = _share_named_right(state.labels.xy, truth["projections"])
    score = replace(
        reported, coverage=covered.coverage, identities=covered.identities, count=covered.count
    )
    return score, named


def _share_named_right(xy: NDArray[np.float64], projections: NDArray[np.float64]) -> float:
    away = np.linalg.norm(xy[..., :, None, :] - projections[..., None, :, :], axis=-1)
    labelled = np.isfinite(xy[..., 0])
    nearest = np.where(np.isnan(away), np.inf, away).argmin(axis=-1)
    right = nearest == np.arange(xy.shape[2])
    return float(right[labelled].mean())


def _truth(sample: SampleSession, report: DemoReport) -> KnownTruth:
    with np.load(sample.truth) as truth:
        points = truth["points3d"]
    coverage = f"{100 * report.score.coverage:.1f} %"
    return KnownTruth(points, report.named_right, (("coverage of what two cameras see", coverage),))
