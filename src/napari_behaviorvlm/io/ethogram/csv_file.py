"""Format ``csv``: one row per bout."""

import csv
from collections.abc import Sequence
from pathlib import Path

from napari_behaviorvlm.core.bouts import UNTRACKED
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram

HEADER = (
    "animal", "start_frame", "end_frame", "label", "description", "cluster", "confidence", "source"
)  # fmt: skip


def write(ethograms: Sequence[Ethogram], path: Path, _place: Path) -> tuple[str, ...]:
    """Write the bouts of a recording as a table.

    Frames count from 0 and both ends belong to the bout; the cluster is empty where the bout's
    clips are of several, or of none.

    Parameters
    ----------
    ethograms : sequence of Ethogram
        One.
    path : Path
    """
    (ethogram,) = ethograms
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for bout in ethogram.bouts:
            cluster = "" if bout.cluster == UNTRACKED else bout.cluster
            writer.writerow((
                bout.animal, bout.start_frame, bout.end_frame, bout.label, bout.description,
                cluster, f"{bout.confidence:.4g}", bout.source,
            ))  # fmt: skip
    return ()
