"""Format ``csv``: one row per bout."""

import csv
import io
from pathlib import Path

from napari_behaviorvlm.core.bouts import UNTRACKED
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.atomic import atomic_write_text
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram

HEADER = (
    "animal", "start_frame", "end_frame", "label", "description", "cluster", "confidence", "source"
)  # fmt: skip


def write_csv(ethogram: Ethogram, path: Path) -> None:
    """Write the bouts of a recording as a table.

    Frames count from 0 and both ends belong to the bout; the cluster is empty where the bout's
    clips are of several, or of none.

    Parameters
    ----------
    ethogram : Ethogram
    path : Path
        Its folder must exist.

    Raises
    ------
    ExportError
        If the file cannot be written; one that was there stays as it is.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    for bout in ethogram.bouts:
        cluster = "" if bout.cluster == UNTRACKED else bout.cluster
        writer.writerow((
            bout.animal, bout.start_frame, bout.end_frame, bout.label, bout.description, cluster,
            f"{bout.confidence:.4g}", bout.source,
        ))  # fmt: skip
    atomic_write_text(path, buffer.getvalue(), error=ExportError)
