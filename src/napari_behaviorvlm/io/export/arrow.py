"""Tables of an export as Arrow, for text and for Parquet."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.export.tables import Columns

_WORDS = {"camera", "keypoint", "status", "source"}
_MISSING = {"n_views": -1, "candidate": 0}
_TYPES = {
    "frame": "int64", "candidate": "int16", "n_views": "int8", "confidence": "float32",
    "x": "float64", "y": "float64", "z": "float64", "error_px": "float64",
}  # fmt: skip


def arrow_table(columns: Columns, session: ExportSession) -> Any:
    """Return columns as a pyarrow.Table with missing values as null.

    Parameters
    ----------
    columns : dict of str to ndarray
        From `pose_columns` or `label_columns`.
    session : ExportSession
        Its name, unit and frames per second become the table's metadata.

    Returns
    -------
    pyarrow.Table
        Words as dictionaries, flags as lists of strings.
    """
    import pyarrow as pa

    metadata = {
        "session": session.name, "unit": session.unit,
        "fps": "" if session.fps is None else repr(session.fps),
    }  # fmt: skip
    arrays = {name: _array(name, values) for name, values in columns.items()}
    return pa.table(arrays).replace_schema_metadata(metadata)


def _array(name: str, values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if name in _WORDS:
        words = [word or None for word in values]
        return pa.array(words, pa.dictionary(pa.int16(), pa.string()))
    if name == "flags":
        return pa.array([list(words) for words in values], pa.list_(pa.string()))
    missing = values == _MISSING[name] if name in _MISSING else np.isnan(values)
    return pa.array(values, _TYPES[name], mask=missing)
