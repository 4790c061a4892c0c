"""Putting the page together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.label_looks import LabelLook
from napari_behaviorvlm.workflows.behavior.report import figures
from napari_behaviorvlm.workflows.behavior.report.clusters import EXAMPLES, ClusterSummary, shown
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents, Told
from napari_behaviorvlm.workflows.behavior.report.durations import duration_table
from napari_behaviorvlm.workflows.behavior.report.film import LOOPS, Filmed, Loop, Sheet
from napari_behaviorvlm.workflows.behavior.report.sources import headline, source_rows
from napari_behaviorvlm.workflows.behavior.report.tiles import GAP, SIDE
from napari_behaviorvlm.workflows.behavior.report.timeline import timeline
from napari_behaviorvlm.workflows.html import (
    figures_script,
    inert,
    page_style,
    plotly_script,
    render_page,
)

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Tile:
    """One large figure: value, what it is, and a line of explanation."""

    value: str
    name: str
    hint: str = ""
    alarm: bool = False


@dataclass(frozen=True)
class Card:
    """One cluster with its pictures."""

    number: int
    label: str
    look: LabelLook | None
    words: str
    loops: Sequence[Loop]
    sheet: Sheet | None


def render(
    contents: ReportContents, clusters: Sequence[ClusterSummary], filmed: Filmed
) -> str:  # fmt: skip
    """Return the page as text.

    Parameters
    ----------
    contents : ReportContents
    clusters : sequence of ClusterSummary
        All of them.
    filmed : Filmed
        Their pictures, which lie beside the page.
    """
    drawn = {
        "budget": figures.time_budget(contents),
        "transitions": figures.transitions(contents),
        "sizes": figures.cluster_sizes(contents, clusters),
        "curves": figures.curves(contents),
        "embedding": figures.embedding(contents),
    }
    return render_page(_TEMPLATES / "behavior.html.j2", {
        "title": contents.title,
        "version": __version__,
        "css": page_style() + (_TEMPLATES / "behavior.css").read_text("utf-8"),
        "scripts": [(_TEMPLATES / "timeline.js").read_text("utf-8"),
                    (_TEMPLATES / "pictures.js").read_text("utf-8"), figures_script()],
        "plotly": plotly_script(),
        "tiles": _tiles(contents),
        "labels": [
            {"name": label, "colour": contents.look(label).colour,
             "pattern": contents.look(label).pattern}
            for label in contents.labels
        ],
        "recordings": [
            {"name": told.ethogram.recording, "words": _words(told)}
            for told in contents.recordings
        ],
        "cards": [_card(contents, one, filmed) for one in shown(clusters)],
        "left_out": len(clusters) - len(shown(clusters)),
        "side": SIDE, "gap": GAP, "most_still": EXAMPLES - LOOPS,
        "notes": filmed.notes,
        "durations": duration_table(contents),
        "sources": source_rows(contents),
        "headline": headline(contents),
        "has_target": "kl" in contents.history,
        "facts": contents.facts,
        "timeline": timeline(contents),
        "figures": {name: inert(json) for name, json in drawn.items() if json is not None},
    })  # fmt: skip


def _card(contents: ReportContents, one: ClusterSummary, filmed: Filmed) -> Card:
    words = f"{one.clips} clip{'' if one.clips == 1 else 's'}, {one.seconds:.1f} s"
    if one.label and one.share < 1:
        words += f"; {100 * one.share:.0f} % of that is called {one.label}"
    return Card(
        one.number, one.label, contents.look(one.label) if one.label else None,
        words, filmed.loops.get(one.number, ()), filmed.sheets.get(one.number),
    )  # fmt: skip


def _words(told: Told) -> str:
    one = told.ethogram
    animals = "1 animal" if len(one.animals) == 1 else f"{len(one.animals)} animals"
    return f"{one.n_frames / one.fps:.1f} s, {one.fps:.4g} frames per second, {animals}"


def _tiles(contents: ReportContents) -> list[Tile]:
    told = contents.recordings
    seconds = sum(one.ethogram.n_frames / one.ethogram.fps for one in told)
    frames = sum(one.ethogram.n_frames * len(one.ethogram.animals) for one in told)
    gone = sum(
        one.end_frame - one.start_frame + 1 for each in told for one in each.ethogram.untracked
    )
    bouts = sum(len(one.ethogram.bouts) for one in told)
    clips = sum(len(one.clips) for one in told)
    videos = "1 video" if len(told) == 1 else f"{len(told)} videos"
    animals = len({animal for one in told for animal in one.ethogram.animals})
    followed = 100 * (1 - gone / max(frames, 1))
    return [
        Tile(_duration(seconds), "of video", videos),
        Tile(f"{animals}", "animal" if animals == 1 else "animals",
             f"followed in {followed:.1f} % of {'its' if animals == 1 else 'their'} frames"),
        Tile(f"{len(contents.labels)}", "behaviours", f"in {bouts:,} events"),
        Tile(f"{clips:,}", "clips", "that events were made from"),
    ]  # fmt: skip


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
