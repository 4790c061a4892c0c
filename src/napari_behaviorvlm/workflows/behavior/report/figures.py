"""Figures of the report: time budgets, transitions, how clusters came about."""

from collections.abc import Sequence
from html import escape

import numpy as np

from napari_behaviorvlm.behavior.transitions import PAUSE, transition_counts
from napari_behaviorvlm.core.label_looks import LabelLook
from napari_behaviorvlm.workflows.behavior.report.clusters import ClusterSummary
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents
from napari_behaviorvlm.workflows.behavior.report.durations import UNLABELLED, UNTRACKED, budgets
from napari_behaviorvlm.workflows.html import FONT

_HATCH = {"plain": "", "hatched": "/", "dotted": "."}
_BLUES = [[0, "#ffffff"], [0.02, "#e3eef8"], [0.3, "#a9cbe8"], [0.7, "#3f7fb8"], [1, "#0b2f57"]]
_CURVES = {
    "reconstruction": ("Autoencoder", "error of rebuilding the features"),
    "kl": ("Clusters", "KL divergence to the sharpened target"),
    "changed": ("Changes", "share of moments that changed their cluster"),
    "log_likelihood": ("Mixture", "log likelihood"),
    "noise": ("Noise", "share of moments in no cluster"),
}
MOST_LABELS = 20
"""In the matrix of transitions; of more, those with most frames."""


def time_budget(contents: ReportContents) -> str:
    """Bars of every animal's time, by behaviour; JSON."""
    import plotly.graph_objects as go

    rows = budgets(contents)
    names = [escape(row.name) for row in rows]
    figure = go.Figure()
    for label in (*contents.labels, UNLABELLED, UNTRACKED):
        seconds = [row.seconds.get(label, 0.0) for row in rows]
        if not any(seconds):
            continue
        share = [
            100 * value / max(row.total, 1e-9) for value, row in zip(seconds, rows, strict=True)
        ]
        figure.add_trace(go.Bar(
            y=names, x=share, orientation="h", name=escape(label or "no name"),
            marker=_fill(contents, label), customdata=seconds,
            hovertemplate="%{y}: %{fullData.name}<br>%{customdata:.1f} s, %{x:.1f} %"
            "<extra></extra>",
        ))  # fmt: skip
    figure.update_layout(
        barmode="stack", font=FONT, height=90 + 30 * len(rows), bargap=0.25,
        margin={"l": 10, "r": 10, "t": 10, "b": 45}, showlegend=False,
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff",
        xaxis={"title": {"text": "% of the recording"}, "range": [0, 100], "gridcolor": "#e4e7eb"},
        yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return str(figure.to_json())


def _fill(contents: ReportContents, label: str) -> dict[str, object]:
    if label == UNTRACKED:
        return {"color": "#ffffff", "line": {"color": "#b6bfc9", "width": 1},
                "pattern": {"shape": "x", "fgcolor": "#b6bfc9", "size": 7}}  # fmt: skip
    if label == UNLABELLED:
        return {"color": "#e9edf1", "line": {"color": "#c3cad2", "width": 1}}
    return look_fill(contents.look(label))


def look_fill(look: LabelLook) -> dict[str, object]:
    """Colour and pattern of a label for a bar."""
    return {
        "color": look.colour, "line": {"color": "#ffffff", "width": 1},
        "pattern": {"shape": _HATCH[look.pattern], "fgcolor": "#ffffff", "size": 6,
                    "solidity": 0.4},
    }  # fmt: skip


def transitions(contents: ReportContents) -> str | None:
    """Matrix of what follows what; JSON. None where nothing follows anything."""
    import plotly.graph_objects as go

    labels = [label for label in contents.labels if label][:MOST_LABELS]
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for told in contents.recordings:
        one = told.ethogram
        rows = [one.of(animal) for animal in one.animals]
        counts += transition_counts(rows, labels, PAUSE * one.fps)
    total = counts.sum(axis=1, keepdims=True)
    if not total.any():
        return None
    share = np.round(100 * counts / np.maximum(total, 1), 1)
    names = [escape(label) for label in labels]
    figure = go.Figure(go.Heatmap(
        z=share, x=names, y=names, customdata=counts, colorscale=_BLUES, zmin=0, zmax=100,
        text=np.where(counts > 0, np.round(share).astype(int).astype(str), ""),
        texttemplate="%{text}", xgap=1, ygap=1,
        hovertemplate="after %{y} comes %{x}<br>%{customdata} times, %{z} % of all that follows "
        "%{y}<extra></extra>",
        colorbar={"title": {"text": "%", "side": "top"}, "thickness": 12, "outlinewidth": 0},
    ))  # fmt: skip
    side = 34 * len(labels)
    figure.update_layout(
        font=FONT, height=150 + side, margin={"l": 10, "r": 10, "t": 10, "b": 10},
        plot_bgcolor="#f4f6f8", paper_bgcolor="#ffffff",
        xaxis={"side": "top", "title": {"text": "then"}, "automargin": True, "tickangle": -35,
               "showgrid": False},
        yaxis={"autorange": "reversed", "title": {"text": "first"}, "automargin": True,
               "showgrid": False},
    )  # fmt: skip
    return str(figure.to_json())


def cluster_sizes(contents: ReportContents, clusters: Sequence[ClusterSummary]) -> str:
    """Seconds in every cluster, in the colour of what it is called most; JSON."""
    import plotly.graph_objects as go

    ordered = sorted(clusters, key=lambda one: -one.seconds)
    colours = ["#c3cad2" if not one.label else contents.look(one.label).colour for one in ordered]
    shapes = ["" if not one.label else _HATCH[contents.look(one.label).pattern] for one in ordered]
    figure = go.Figure(go.Bar(
        x=[str(one.number) for one in ordered], y=[round(one.seconds, 2) for one in ordered],
        marker={"color": colours, "pattern": {"shape": shapes, "fgcolor": "#ffffff", "size": 6}},
        customdata=[[one.clips, escape(one.label or "no name"), round(100 * one.share)]
                    for one in ordered],
        hovertemplate="cluster %{x}: %{y:.1f} s in %{customdata[0]} clips<br>%{customdata[2]} % of "
        "them called %{customdata[1]}<extra></extra>",
    ))  # fmt: skip
    figure.update_layout(
        font=FONT, height=280, margin={"l": 10, "r": 10, "t": 10, "b": 45}, bargap=0.15,
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff",
        xaxis={"title": {"text": "cluster, the largest first"}, "type": "category"},
        yaxis={"title": {"text": "seconds"}, "gridcolor": "#e4e7eb", "automargin": True},
    )  # fmt: skip
    return str(figure.to_json())


def curves(contents: ReportContents) -> str | None:
    """Curves of the fit; JSON. None for methods that have none."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    history = {name: values for name, values in contents.history.items() if len(values) > 1}
    if not history:
        return None
    titles = [_CURVES.get(name, (name, ""))[1] or name for name in history]
    figure = make_subplots(rows=1, cols=len(history), subplot_titles=titles,
                           horizontal_spacing=0.09)  # fmt: skip
    for column, (name, values) in enumerate(history.items(), 1):
        figure.add_trace(
            go.Scatter(
                x=list(range(1, len(values) + 1)), y=np.round(values, 5), name=name,
                mode="lines+markers", line={"color": "#0072B2", "width": 2}, marker={"size": 4},
                hovertemplate="epoch %{x}: %{y:.4g}<extra></extra>", showlegend=False,
            ),
            row=1, col=column,
        )  # fmt: skip
    figure.update_xaxes(title_text="epoch", gridcolor="#e4e7eb")
    figure.update_yaxes(rangemode="tozero", gridcolor="#e4e7eb", automargin=True)
    figure.update_annotations(font={"size": 13})
    figure.update_layout(
        font=FONT, height=280, margin={"l": 10, "r": 10, "t": 40, "b": 45},
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff",
    )  # fmt: skip
    return str(figure.to_json())


def embedding(contents: ReportContents) -> str | None:
    """Map of a sample of moments, coloured by what they are called; JSON."""
    import plotly.graph_objects as go

    figure = go.Figure()
    points = contents.moments()
    if not len(points.label):
        return None
    low, high = np.percentile(points.places, [0.5, 99.5], axis=0)
    for label in (*contents.labels, None):
        here = points.label == label
        if not here.any():
            continue
        look = None if label is None else contents.look(label)
        figure.add_trace(go.Scattergl(
            x=np.round(points.places[here, 0], 3), y=np.round(points.places[here, 1], 3),
            mode="markers", name="not labelled" if label is None else escape(label or "no name"),
            marker={"size": 4, "opacity": 0.75, "symbol": _SYMBOL[look.pattern if look else ""],
                    "color": look.colour if look else "#c3cad2"},
            customdata=[escape(f"{name}, cluster {number}") for name, number in zip(
                points.what[here], points.cluster[here], strict=True)],
            hovertemplate="%{fullData.name}<br>%{customdata}<extra></extra>",
        ))  # fmt: skip
    plain = {"showticklabels": False, "zeroline": False, "gridcolor": "#eef1f4"}
    figure.update_layout(
        font=FONT, height=460, margin={"l": 10, "r": 10, "t": 34, "b": 10}, hovermode="closest",
        plot_bgcolor="#ffffff", paper_bgcolor="#ffffff", legend={"itemsizing": "constant"},
        xaxis={**plain, "range": _padded(low[0], high[0])},
        yaxis={**plain, "range": _padded(low[1], high[1])},
    )  # fmt: skip
    return str(figure.to_json())


_SYMBOL = {"plain": "circle", "hatched": "diamond", "dotted": "square", "": "circle-open"}


def _padded(low: float, high: float) -> list[float]:
    reach = max(float(high - low), 1e-6) * 0.08
    return [float(low) - reach, float(high) + reach]
