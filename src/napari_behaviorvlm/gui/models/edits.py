"""What an annotator's commands do to labels, as edits that can be undone."""

from dataclasses import dataclass

from napari_behaviorvlm.io.project.store import Cell, StoredLabel


@dataclass(frozen=True)
class Edit:
    """One step of work: made as a whole, undone as a whole.

    Parameters
    ----------
    action : str
        What was done, in words; stands in the journal.
    changes : tuple of (cell, label)
        None takes a decision back.
    note : str
        One sentence for the person, empty where nothing needs saying.
    """

    action: str
    changes: tuple[tuple[Cell, StoredLabel | None], ...]
    note: str = ""
