"""How long each behaviour takes, by animal."""

from dataclasses import dataclass

from napari_behaviorvlm.core.label_looks import LabelLook
from napari_behaviorvlm.io.ethogram import Ethogram
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents

UNLABELLED, UNTRACKED = "not labelled", "not followed"

MOST_BARS = 60
"""Animals that have a bar of their own; of more, recordings have one each."""


@dataclass(frozen=True)
class Budget:
    """How one animal of a recording spends its time.

    Parameters
    ----------
    name : str
        The animal, with the recording where there are several.
    seconds : dict of str to float
        By label; `UNLABELLED` and `UNTRACKED` for the rest.
    total : float
        Seconds.
    """

    name: str
    seconds: dict[str, float]
    total: float


def budgets(contents: ReportContents) -> list[Budget]:
    """Time of every animal, or of every recording where there are too many animals."""
    several = len(contents.recordings) > 1
    rows: list[Budget] = []
    for told in contents.recordings:
        one = told.ethogram
        names = {animal: f"{animal} · {one.recording}" if several else animal
                 for animal in one.animals}  # fmt: skip
        rows += [budget(one, (animal,), names[animal]) for animal in one.animals]
    if len(rows) <= MOST_BARS:
        return rows
    return [
        budget(told.ethogram, told.ethogram.animals, told.ethogram.recording)
        for told in contents.recordings
    ]


def budget(ethogram: Ethogram, animals: tuple[str, ...], name: str) -> Budget:
    """Time of some animals of a recording together."""
    frames: dict[str, int] = {}
    for bout in ethogram.bouts:
        if bout.animal in animals:
            frames[bout.label] = frames.get(bout.label, 0) + bout.n_frames
    gone = sum(
        one.end_frame - one.start_frame + 1 for one in ethogram.untracked if one.animal in animals
    )
    total = ethogram.n_frames * len(animals)
    frames[UNTRACKED] = gone
    frames[UNLABELLED] = max(total - sum(frames.values()), 0)
    return Budget(
        name, {label: count / ethogram.fps for label, count in frames.items()},
        total / ethogram.fps,
    )  # fmt: skip


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


MOST_COLUMNS = 8
"""Animals or recordings that have a column; of more there is only the sum."""


def duration_table(contents: ReportContents) -> DurationTable:
    """Bouts and seconds of every behaviour."""
    rows = budgets(contents)
    columns = rows if 1 < len(rows) <= MOST_COLUMNS else []
    seconds = sum(row.total for row in rows)
    found = []
    for label in contents.labels:
        lengths = [
            bout.n_frames / told.ethogram.fps
            for told in contents.recordings for bout in told.ethogram.bouts if bout.label == label
        ]  # fmt: skip
        cells = [f"{len(lengths)}", f"{sum(lengths) / len(lengths):.1f} s", f"{max(lengths):.1f} s"]
        cells += [f"{row.seconds.get(label, 0.0):.1f} s" for row in columns]
        cells += [f"{sum(lengths):.1f} s", f"{100 * sum(lengths) / seconds:.1f} %"]
        found.append(DurationRow(label, contents.look(label), tuple(cells)))
    names = tuple(row.name for row in columns)
    return DurationTable(("times", "mean", "longest", *names, "all", "share"), tuple(found))
