"""The figures of a report: what a principal investigator asks first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Labels, Source, Status
from napari_behaviorvlm.identity.doubt import is_labelled
from napari_behaviorvlm.workflows.report.inputs import ReportInput

_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001}
_STRATEGIES = {
    "geometric": (
        "Geometric solver, not a vision-language model: dots are matched over the views and "
        "followed over time, then named by the animal's own proportions."
    ),
    "paper": (
        "Vision-language model, view by view, as in the BehaviorVLM paper, "
        "then refined by geometry."
    ),
    "fused": "Vision-language model and geometric solver together.",
}
_SOURCES = {
    Source.HUMAN: "a person", Source.GEOMETRIC: "geometric solver",
    Source.VLM: "vision-language model", Source.FUSED: "model and solver together",
}  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """One large figure: value, what it is, and a line of explanation."""

    value: str
    name: str
    hint: str = ""
    alarm: bool = False


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Distance from the truth.

    Parameters
    ----------
    mean, median : float
        In the calibration's unit, over points that were found.
    within : float or None
        Share within 5 mm; None where the unit is not a length we know.
    """

    mean: float
    median: float
    within: float | None


def accuracy(data: ReportInput) -> Accuracy | None:
    """Compare points with the truth; None where it is not known or nothing was found."""
    if data.truth is None:
        return None
    distance = np.linalg.norm(data.poses.points - data.truth, axis=-1)
    known = distance[np.isfinite(distance)]
    if not known.size:
        return None
    per_unit = _MILLIMETRES.get(data.unit)
    within = None if per_unit is None else float((known * per_unit <= 5).mean())
    return Accuracy(float(known.mean()), float(np.median(known)), within)


def tiles(data: ReportInput) -> list[Tile]:
    """Return the large figures at the top."""
    found = np.isfinite(data.poses.points[..., 0])
    error = data.poses.error[np.isfinite(data.poses.error)]
    waiting = len(data.queue)
    result = [
        Tile(f"{len(data.labels.frames):,}", "frames", _cameras(len(data.rig))),
        Tile(_percent(found.mean() if found.size else 0.0), "of all body points found in 3D",
             f"{int(found.sum()):,} of {found.size:,}"),
        Tile(f"{np.median(error):.2f} px" if error.size else "none", "median reprojection error",
             f"mean {error.mean():.2f} px" if error.size else "no points in 3D yet"),
        Tile(f"{waiting:,}", "points to look at",
             f"{_percent(waiting / max(found.size, 1))} of all",
             alarm=waiting > 0),
    ]  # fmt: skip
    return result + _truth_tiles(data)


def _truth_tiles(data: ReportInput) -> list[Tile]:
    known = accuracy(data)
    result = []
    if known is not None:
        within = "" if known.within is None else f"{_percent(known.within)} within 5 mm"
        result.append(Tile(
            f"{known.median:.2f} {data.unit}", "median distance from the truth",
            f"mean {known.mean:.2f} {data.unit}" + (f", {within}" if within else ""),
        ))  # fmt: skip
    if data.identities_right is not None:
        result.append(Tile(_percent(data.identities_right), "names right", "against the truth"))
    return result


def rows(data: ReportInput) -> list[tuple[str, str]]:
    """Return the rows of the summary table."""
    labelled = is_labelled(data.labels)
    views = len(data.rig) * max(len(data.labels.frames), 1)
    seconds = f", {len(data.labels.frames) / data.fps:.1f} s" if data.fps else ""
    table = [
        ("Frames", f"{len(data.labels.frames):,}{seconds}"),
        ("Cameras", ", ".join(data.rig.names)),
        ("Dots found", f"{len(data.candidates):,} ({len(data.candidates) / views:.1f} a view)"),
        ("Labels in 2D", f"{int(labelled.sum()):,} of {labelled.size:,} places"),
        ("Views per 3D point", _views_words(data.poses.n_views)),
        ("Wrong points left (estimate)", f"about {data.queue.expected_errors:.0f}"),
    ]
    return table + list(data.notes)


def how_made(data: ReportInput) -> list[str]:
    """Sentences on where the labels come from."""
    words = []
    if data.strategy:
        words.append(_STRATEGIES.get(data.strategy, f"Strategy: {data.strategy}."))
    if len(data.seed_frames):
        frames = ", ".join(str(frame) for frame in list(data.seed_frames)[:12])
        words.append(f"Examples labelled by a person: frames {frames}.")
    return words


def provenance(labels: Labels) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Who said what: numbers of labels by source and status.

    Returns
    -------
    header : list of str
        Statuses that occur.
    table : list of (str, list of str)
        A source and its counts.
    """
    code = labels.source.astype(np.intp) * len(Status) + labels.status
    counts = np.bincount(code.ravel(), minlength=len(Source) * len(Status))
    grid: NDArray[np.intp] = counts.reshape(len(Source), len(Status))
    grid[:, Status.UNLABELLED] = 0
    statuses = [status for status in Status if grid[:, status].any()]
    table = [
        (_SOURCES.get(source, "not known"), [f"{grid[source, status]:,}" for status in statuses])
        for source in Source
        if grid[source].any()
    ]
    return [status.word.replace("_", " ") for status in statuses], table


def _percent(share: float) -> str:
    """Percentage that is 0 or 100 only if it is exactly."""
    percent = 100 * share
    if percent in {0.0, 100.0}:
        return f"{percent:.0f}\u00a0%"
    digits = 2 if min(percent, 100 - percent) < 0.1 else 1
    return f"{min(max(percent, 0.01), 99.99):.{digits}f}\u00a0%"


def _cameras(count: int) -> str:
    return "from one camera" if count == 1 else f"from {count} cameras"


def _views_words(n_views: NDArray[np.int8]) -> str:
    used = n_views[n_views > 0]
    if not used.size:
        return "no points in 3D"
    few = float((used < 3).mean())
    return f"{used.mean():.1f} on average; {_percent(few)} of points from only two"
