"""Plots that a reader can turn and zoom: errors over time, and the skeleton in 3D."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.flags import Reason
from napari_behaviorvlm.workflows.html import FONT
from napari_behaviorvlm.workflows.report.inputs import ReportInput

FloatArray = NDArray[np.float64]
Json = dict[str, object]

_MOST_COLUMNS = 1500
_MOST_MARKS = 1500
_BLUES = [[0, "#eef4fb"], [0.35, "#a9cbe8"], [0.7, "#3f7fb8"], [1, "#0b2f57"]]


def error_over_time(data: ReportInput) -> str:
    """Plot the error of each keypoint in each frame, with flagged points marked; JSON."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    worst = worst_view_error(data.poses.view_error)
    names = [escape(name) for name in data.skeleton.keypoints]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.27, 0.73], vertical_spacing=0.045
    )
    for trace in _lines(data, worst):
        figure.add_trace(trace, row=1, col=1)
    frames, thin = thinned_maximum(data.labels.frames, worst, _MOST_COLUMNS)
    figure.add_trace(
        go.Heatmap(
            x=frames, y=names, z=_rounded(thin.T), zmin=0, zmax=_colour_limit(worst),
            colorscale=_BLUES, hoverongaps=False,
            hovertemplate="frame %{x}, %{y}: %{z:.2f} px<extra></extra>",
            colorbar={"title": {"text": "px", "side": "top"}, "thickness": 12, "len": 0.7,
                      "y": 0.35, "outlinewidth": 0},
        ),
        row=2, col=1,
    )  # fmt: skip
    figure.add_trace(_flag_marks(data), row=2, col=1)
    figure.update_layout(
        font=FONT, height=250 + 24 * len(names), margin={"l": 95, "r": 10, "t": 30, "b": 45},
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff", hovermode="closest",
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_yaxes(type="log", title_text="px", gridcolor="#e4e7eb", row=1, dtick=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, row=2, dtick=1)
    figure.update_xaxes(title_text="frame", row=2, showgrid=False)
    figure.update_xaxes(gridcolor="#e4e7eb", row=1)
    if len(frames):
        ends = [float(data.labels.frames[0]) - 0.5, float(data.labels.frames[-1]) + 0.5]
        figure.update_xaxes(range=ends)
    return str(figure.to_json())


def worst_view_error(view_error: FloatArray) -> FloatArray:
    """Largest error among a point's views, views that were left out included.

    Parameters
    ----------
    view_error : ndarray, shape (F, C, K)
        NaN without a label; infinite where a view cannot see the point.

    Returns
    -------
    ndarray, shape (F, K)
        NaN where nothing is known.
    """
    largest = np.where(np.isfinite(view_error), view_error, -1.0).max(axis=1, initial=-1.0)
    return np.where(largest < 0, np.nan, largest)


def thinned_maximum(
    frames: NDArray[np.int64], values: FloatArray, columns: int
) -> tuple[NDArray[np.int64], FloatArray]:
    """Thin rows to at most ``columns`` by keeping the largest value of each bin.

    Parameters
    ----------
    frames : ndarray of int64, shape (F,)
    values : ndarray, shape (F, K)
        NaN where unknown.
    columns : int

    Returns
    -------
    frames : ndarray of int64, shape (B,)
        First frame of each bin.
    values : ndarray, shape (B, K)
        NaN where a bin knows nothing: peaks survive thinning.
    """
    step = -(-len(frames) // columns) if len(frames) else 1
    if step <= 1:
        return frames, values
    starts = np.arange(0, len(frames), step)
    largest = np.maximum.reduceat(np.where(np.isnan(values), -np.inf, values), starts, axis=0)
    return frames[starts], np.where(np.isneginf(largest), np.nan, largest)


def _rounded(values: FloatArray) -> FloatArray:
    return np.round(values, 3).astype(np.float32)


def _colour_limit(worst: FloatArray) -> float:
    """Dark from some ten times the usual error: noise stays pale, mistakes stand out."""
    known = worst[np.isfinite(worst)]
    return max(10 * float(np.median(known)), 3.0) if known.size else 1.0


def _lines(data: ReportInput, worst: FloatArray) -> list[object]:
    import plotly.graph_objects as go

    lines: list[object] = []
    for share, errors, name, colour in (
        (0.5, data.poses.error, "usual: median over the body", "#0072B2"),
        (1.0, worst, "worst view of any point", "#D55E00"),
    ):
        known = np.isfinite(errors).any(axis=1)
        values = np.full((len(errors), 1), np.nan)
        if known.any():
            values[known, 0] = np.nanquantile(errors[known], share, axis=1)
        frames, thin = thinned_maximum(data.labels.frames, values, _MOST_COLUMNS)
        lines.append(go.Scatter(
            x=frames, y=_rounded(np.maximum(thin[:, 0], 1e-3)), mode="lines", name=name,
            line={"color": colour, "width": 1.3}, hovertemplate="frame %{x}: %{y:.2f} px",
        ))  # fmt: skip
    return lines


def _flag_marks(data: ReportInput) -> object:
    import plotly.graph_objects as go

    shown = min(len(data.queue), _MOST_MARKS)
    items = data.queue.items(shown)
    name = "flagged" if shown == len(data.queue) else f"flagged (the first {shown} to look at)"
    return go.Scatter(
        x=[item.frame for item in items], y=[escape(item.keypoint) for item in items],
        mode="markers", name=name,
        marker={"symbol": "x-thin", "size": 7, "line": {"color": "#D55E00", "width": 1.8}},
        text=[escape(item.reason) for item in items],
        hovertemplate="frame %{x}, %{y}<br>%{text}<extra></extra>",
    )  # fmt: skip


def camera_errors(data: ReportInput) -> str:
    """Plot each camera's usual and largest reprojection errors; JSON."""
    import plotly.graph_objects as go

    median, high = [], []
    for camera in range(len(data.rig)):
        error = data.poses.view_error[:, camera]
        known = error[np.isfinite(error)]
        median.append(float(np.median(known)) if known.size else None)
        high.append(float(np.quantile(known, 0.95)) if known.size else None)
    names = [escape(name) for name in data.rig.names]
    figure = go.Figure([
        go.Bar(y=names, x=high, name="95 % are below", orientation="h", marker_color="#c9dcee",
               hovertemplate="%{y}: 95 %% are below %{x:.2f} px<extra></extra>"),
        go.Bar(y=names, x=median, name="half are below", orientation="h",
               marker_color="#0072B2", width=0.35,
               hovertemplate="%{y}: half are below %{x:.2f} px<extra></extra>"),
    ])  # fmt: skip
    figure.update_layout(
        barmode="overlay", font=FONT, height=110 + 30 * len(names),
        margin={"l": 10, "r": 15, "t": 30, "b": 45}, plot_bgcolor="#ffffff",
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": "reprojection error, px"}, "gridcolor": "#e4e7eb",
               "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return str(figure.to_json())


def flag_counts(data: ReportInput) -> list[tuple[str, int]]:
    """Reasons with the number of flags, most frequent first; those without are left out."""
    counts = data.flags.counts()
    pairs = [(Reason(reason).heading, count) for reason, count in counts.items() if count]
    return sorted(pairs, key=lambda pair: -pair[1])
