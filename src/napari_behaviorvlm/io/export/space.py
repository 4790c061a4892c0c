"""Room on the disk, asked before HDF5 writes: it may crash the process on a disk that is full."""

import shutil
from pathlib import Path

from napari_behaviorvlm.core.errors import ExportError

_MARGIN = 4 << 20


def require_space(folder: Path, size: int, out: Path) -> None:
    """See that ``size`` bytes and a margin of 4 MiB fit.

    Parameters
    ----------
    folder : Path
        Where they will be written.
    size : int
    out : Path
        Named in the sentence.

    Raises
    ------
    ExportError
        If they do not fit.
    """
    if shutil.disk_usage(folder).free < size + _MARGIN:
        raise ExportError(f"The disk that holds {out} is full; nothing was changed.")
