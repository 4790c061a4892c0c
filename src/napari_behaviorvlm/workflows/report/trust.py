"""Reliability diagram: what confidence said, and how many labels were right."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Source
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.confidence import COEFFICIENTS
from napari_behaviorvlm.identity.reliability import EDGES, Reliability, reliability
from napari_behaviorvlm.workflows.html import FONT
from napari_behaviorvlm.workflows.report.inputs import ReportInput

NEAR = 5.0
"""A label within so many px of the true projection of its keypoint is right."""

HELD_OUT = Path(__file__).parent / "held_out.json"
"""Curve of sessions that the confidence was not fitted on; ``benchmarks.calibration`` writes it."""

Line = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve of the diagram."""

    name: str
    colour: str
    symbol: str
    bins: Reliability


def curves(data: ReportInput) -> list[Curve]:
    """Curves that can be drawn: by people's decisions, against a known truth, of the calibration.

    The last one shows what to expect where this session itself tells little.
    """
    found = []
    if data.judgements is not None:
        bins = reliability(data.judgements.confidence, data.judgements.right)
        found.append(Curve("by people's decisions", "#D55E00", "circle", bins))
    if data.truth is not None:
        found.append(Curve("against the truth", "#0072B2", "square", _against_truth(data)))
    fitted = held_out()
    if fitted is not None:
        found.append(Curve("in held-out simulated sessions", "#009E73", "diamond", fitted))
    return [curve for curve in found if len(curve.bins)]


def held_out(path: Path = HELD_OUT) -> Reliability | None:
    """Read the calibration's curve; None if it is of other coefficients or other bins."""
    kept = json.loads(path.read_text("utf-8"))
    if kept["coefficients"] != COEFFICIENTS.tolist() or kept["edges"] != list(EDGES):
        return None
    count = np.array(kept["count"])
    full = count > 0
    said = np.array(kept["said"], float)[full]
    low, high = np.array(EDGES[:-1])[full], np.array(EDGES[1:])[full]
    return Reliability(low, high, said, np.array(kept["right"])[full], count[full])


def _against_truth(data: ReportInput) -> Reliability:
    """All proposals, outside the frames that a person labelled; without a known truth, none."""
    assert data.truth is not None
    n_frames, n_cameras, n_keypoints = data.labels.status.shape
    true = project_rig(data.rig, data.truth.reshape(-1, 3))
    true = true.reshape(n_frames, n_keypoints, n_cameras, 2).transpose(0, 2, 1, 3)
    away = np.linalg.norm(data.labels.xy - true, axis=-1)
    own = data.labels.confidence
    confidence = np.where(np.isnan(own), data.poses.confidence[:, None, :], own)
    known = np.isin(data.labels.status, LABELLED) & np.isfinite(away)
    known &= ~np.isin(data.labels.frames, list(data.seed_frames))[:, None, None]
    # A person's label in one view makes the point sure, and with it its other views.
    known &= ~(data.labels.source == Source.HUMAN).any(axis=1)[:, None]
    return reliability(confidence[known], away[known] <= NEAR)


def sentences(data: ReportInput, drawn: list[Curve]) -> list[str]:
    """Say what the diagram shows, and what it cannot show."""
    judged = data.judgements
    words = []
    if drawn:
        words.append(
            "Labels in single views, sorted by how sure they were when they were proposed. Marks "
            "on the dashes mean that confidence keeps its word; above them labels are better than "
            "it said, below worse. Bars: 95 % interval by chance."
        )
    if judged is not None and len(judged):
        right = int(judged.right.sum())
        words.append(
            f"By people's decisions: {len(judged):,} labels, of which {right:,} were left as they "
            f"were and {len(judged) - right:,} corrected, since these proposals were made. They "
            "are no random sample: people look at what is flagged, and labels that look right are "
            "passed quickly, so that a mistake nobody saw counts as right. Frames given as "
            "examples and what a rule accepted are left out."
        )
    elif judged is not None:
        words.append("Nobody has decided about labels since these proposals were made.")
    fitted = held_out()
    if fitted is not None:
        words.append(
            f"In held-out simulated sessions: {int(fitted.count.sum()):,} names of recordings that "
            "were simulated anew and that the confidence was not fitted on, named by geometry "
            "alone and with a simulated model. It says what to expect, not what happened here, "
            "and nothing about another animal or a real model."
        )
    return words + [
        f"Mean distance of share and confidence {curve.name}: {100 * curve.bins.gap:.1f} %."
        for curve in drawn
    ]


def table(drawn: list[Curve]) -> list[tuple[str, list[Line]]]:
    """Bins of each curve as a heading and rows of text."""
    return [
        (
            f"confidence, {curve.name}",
            [
                (_range(low, high), f"{100 * said:.1f} %", f"{100 * share:.1f} %", f"{count:,}")
                for low, high, said, share, count in zip(
                    curve.bins.low, curve.bins.high, curve.bins.said, curve.bins.share,
                    curve.bins.count, strict=True,
                )
            ],
        )
        for curve in drawn
    ]  # fmt: skip


def diagram(drawn: list[Curve]) -> str:
    """Draw the curves; JSON of a Plotly figure."""
    import plotly.graph_objects as go

    names = [_range(low, high) for low, high in _all_bins(drawn)]
    figure = go.Figure([trace for curve in drawn for trace in _traces(curve)])
    figure.update_layout(
        font=FONT, height=360, margin={"l": 60, "r": 15, "t": 30, "b": 50},
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff",
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": "confidence, %"}, "type": "category",
               "categoryorder": "array", "categoryarray": names},
        yaxis={"title": {"text": "right, %"}, "range": [-2, 103], "gridcolor": "#e4e7eb"},
    )  # fmt: skip
    return str(figure.to_json())


def _traces(curve: Curve) -> list[object]:
    import plotly.graph_objects as go

    bins = curve.bins
    x = [_range(low, high) for low, high in zip(bins.low, bins.high, strict=True)]
    low, high = bins.interval
    said = go.Scatter(
        x=x, y=_percent(bins.said), mode="markers", name=f"said ({curve.name})",
        marker={"symbol": "line-ew", "size": 26,
                "line": {"color": curve.colour, "width": 2}}, opacity=0.55,
        hovertemplate="mean confidence %{y} %<extra></extra>",
    )  # fmt: skip
    share = go.Scatter(
        x=x, y=_percent(bins.share), mode="markers", name=f"right {curve.name}",
        marker={"symbol": curve.symbol, "size": 9, "color": curve.colour},
        error_y={"type": "data", "symmetric": False, "thickness": 1.2,
                 "array": _percent(high - bins.share),
                 "arrayminus": _percent(bins.share - low)},
        customdata=np.stack([bins.right, bins.count], axis=1),
        hovertemplate="%{y} % right: %{customdata[0]} of %{customdata[1]}<extra></extra>",
    )  # fmt: skip
    return [said, share]


def _percent(shares: NDArray[np.float64]) -> list[float]:
    return [round(100 * float(share), 2) for share in shares]


def _all_bins(drawn: list[Curve]) -> list[tuple[float, float]]:
    pairs = {pair for c in drawn for pair in zip(c.bins.low, c.bins.high, strict=True)}
    return sorted(pairs)


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f}-{100 * high:.0f}"
