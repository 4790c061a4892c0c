"""Putting the page together."""

import os
from pathlib import Path

from napari_behaviorvlm import __version__
from napari_behaviorvlm.io.atomic import atomic_write_text
from napari_behaviorvlm.workflows.html import (
    figures_script,
    inert,
    page_style,
    plotly_script,
    render_page,
)
from napari_behaviorvlm.workflows.report import pictures, plots, scene, summary, trust
from napari_behaviorvlm.workflows.report.colours import legend
from napari_behaviorvlm.workflows.report.inputs import ReportInput

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(path: str | os.PathLike[str], data: ReportInput) -> Path:
    """Write one HTML file that holds everything and needs no network.

    Parameters
    ----------
    path : path-like
        Replaced if it exists.
    data : ReportInput

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    ProjectError
        If the file cannot be written.
    """
    target = Path(path)
    atomic_write_text(target, render_report(data))
    return target


def render_report(data: ReportInput) -> str:
    """Return the page as text; pictures that cannot be read are left out and said to be."""
    return render_page(_TEMPLATES / "report.html.j2", _content(data))


def _content(data: ReportInput) -> dict[str, object]:
    has_frames = len(data.labels.frames) > 0
    row = pictures.best_row(data) if has_frames else 0
    header, table = summary.provenance(data.labels)
    curves = trust.curves(data)
    return {
        "title": data.title,
        "version": __version__,
        "css": page_style() + (_TEMPLATES / "report.css").read_text("utf-8"),
        "script": figures_script(),
        "plotly": plotly_script(),
        "tiles": summary.tiles(data),
        "rows": summary.rows(data),
        "how_made": summary.how_made(data),
        "provenance_header": header,
        "provenance": table,
        "flags": plots.flag_counts(data),
        "trust": trust.sentences(data, curves),
        "trust_table": trust.table(curves),
        "waiting": len(data.queue),
        "frame": int(data.labels.frames[row]) if has_frames else None,
        "views": pictures.frame_pictures(data, row) if has_frames else [],
        "doubtful": pictures.doubtful_labels(data) if has_frames else [],
        "legend": legend(data.skeleton),
        "has_sides": bool(data.skeleton.symmetric),
        "figures": {
            "scene": inert(scene.scene(data)),
            "errors": inert(plots.error_over_time(data)),
            "cameras": inert(plots.camera_errors(data)),
            **({"trust": inert(trust.diagram(curves))} if curves else {}),
        },
        "places": list(data.places),
    }
