"""Format ``boris-csv``: the table that BORIS makes by "Export events, tabular".

Tools that read BORIS (SimBA, for one) take this. Columns and their order are those of BORIS 10.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from napari_behaviorvlm.io.ethogram.boris import (
    TRACKING,
    is_filmed,
    media_path,
    observed_on,
)
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram, untracked_label
from napari_behaviorvlm.io.ethogram.states import edges_of, states_of

HEADER = (
    "Observation id", "Observation date", "Description", "Observation duration",
    "Observation type", "Source", "Time offset (s)", "Media duration (s)", "FPS", "Subject",
    "Behavior", "Behavioral category", "Behavior type", "Time", "Media file name", "Image index",
    "Image file path", "Comment",
)  # fmt: skip
NOT_AVAILABLE = "NA"


def write(ethograms: Sequence[Ethogram], path: Path, _place: Path) -> tuple[str, ...]:
    """Write a recording.

    Parameters
    ----------
    ethograms : sequence of Ethogram
        One.
    path : Path
    """
    (ethogram,) = ethograms
    untracked = untracked_label(ethograms)
    filmed = is_filmed(ethogram)
    video = media_path(ethogram) if filmed else NOT_AVAILABLE
    date = observed_on(ethogram).replace("T", " ")
    length = f"{ethogram.seconds:.3f}"
    head = (
        ethogram.recording, date, "", length, "Media file(s)" if filmed else "Live observation",
        f"player #1:{video}" if filmed else NOT_AVAILABLE, "0.0",
        length if filmed else NOT_AVAILABLE, f"{ethogram.fps:.3f}" if filmed else NOT_AVAILABLE,
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for edge in edges_of(ethogram, states_of(ethogram, untracked)):
            writer.writerow((
                *head, edge.animal, edge.label, TRACKING if edge.label == untracked else "",
                "START" if edge.starts else "STOP", f"{edge.seconds:.3f}", video,
                edge.frame if filmed else NOT_AVAILABLE, NOT_AVAILABLE, edge.comment,
            ))  # fmt: skip
    return ()
