"""How long each behaviour takes, by animal."""

from dataclasses import dataclass

from napari_behaviorvlm.core.label_looks import LabelLook
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents


@dataclass(frozen=True)
class DurationRow:
    """One behaviour: its look and a text for every column."""

    name: str
    look: LabelLook
    cells: tuple[str, ...]


@dataclass(frozen=True)
class DurationTable:
    """Columns and rows."""

    header: tuple[str, ...]
    rows: tuple[DurationRow, ...]


def seconds_by(contents: ReportContents) -> dict[str, dict[str, float]]:
    """Seconds by animal and label; animals of one name in several recordings count together."""
    found: dict[str, dict[str, float]] = {}
    for told in contents.recordings:
        for animal in told.ethogram.animals:
            found.setdefault(animal, {})
        for bout in told.ethogram.bouts:
            row = found.setdefault(bout.animal, {})
            row[bout.label] = row.get(bout.label, 0.0) + bout.n_frames / told.ethogram.fps
    return found


def duration_table(contents: ReportContents) -> DurationTable:
    """Bouts and seconds of every behaviour."""
    by_animal = seconds_by(contents)
    bouts = [bout for told in contents.recordings for bout in told.ethogram.bouts]
    rows = []
    for label in contents.labels:
        here = [bout for bout in bouts if bout.label == label]
        each = [by_animal[animal].get(label, 0.0) for animal in by_animal]
        mean = sum(each) / len(here)
        cells = [f"{len(here)}", f"{mean:.1f} s", *(f"{one:.1f} s" for one in each)]
        if len(each) > 1:
            cells.append(f"{sum(each):.1f} s")
        rows.append(DurationRow(label, contents.look(label), tuple(cells)))
    total = ("all",) if len(by_animal) > 1 else ()
    return DurationTable(("times", "mean length", *by_animal, *total), tuple(rows))
