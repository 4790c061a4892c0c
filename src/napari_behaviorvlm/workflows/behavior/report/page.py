"""Putting the page together."""

from dataclasses import dataclass
from pathlib import Path

from napari_behaviorvlm import __version__
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents, Told
from napari_behaviorvlm.workflows.behavior.report.durations import duration_table
from napari_behaviorvlm.workflows.behavior.report.sources import source_rows
from napari_behaviorvlm.workflows.behavior.report.timeline import timeline
from napari_behaviorvlm.workflows.html import page_style, render_page

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Tile:
    """One large figure: value, what it is, and a line of explanation."""

    value: str
    name: str
    hint: str = ""
    alarm: bool = False


def render(contents: ReportContents) -> str:
    """Return the page as text."""
    return render_page(_TEMPLATES / "behavior.html.j2", {
        "title": contents.title,
        "version": __version__,
        "css": page_style() + (_TEMPLATES / "behavior.css").read_text("utf-8"),
        "script": (_TEMPLATES / "timeline.js").read_text("utf-8"),
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
        "durations": duration_table(contents),
        "sources": source_rows(contents),
        "timeline": timeline(contents),
    })  # fmt: skip


def _words(told: Told) -> str:
    one = told.ethogram
    animals = "1 animal" if len(one.animals) == 1 else f"{len(one.animals)} animals"
    return f"{one.n_frames / one.fps:.1f} s, {one.fps:g} frames per second, {animals}"


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
    return [
        Tile(_duration(seconds), "of video", videos),
        Tile(f"{animals}", "animal" if animals == 1 else "animals",
             f"followed in {100 * (1 - gone / max(frames, 1)):.1f} % of their frames"),
        Tile(f"{len(contents.labels)}", "behaviours", f"in {bouts:,} events"),
        Tile(f"{clips:,}", "clips", "short pieces that events were made from"),
    ]  # fmt: skip


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
