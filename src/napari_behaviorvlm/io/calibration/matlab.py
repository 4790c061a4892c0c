"""MATLAB files as plain dicts, lists, strings and arrays, whatever their version.

Versions 4 to 7 are read by SciPy, 7.3 (which is HDF5) by h5py.
"""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from napari_behaviorvlm.core.errors import CalibrationError


def variable_names(path: Path) -> list[str]:
    """Names of a file's variables; CalibrationError if it is not a MATLAB file."""
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            return [name for name in file if not name.startswith("#")]
    from scipy.io import whosmat

    try:
        return [str(name) for name, _, _ in whosmat(path)]
    except Exception as problem:  # SciPy raises whatever damaged bytes lead to
        raise _unreadable(problem) from problem


def load_variables(path: Path, names: Iterable[str]) -> dict[str, object]:
    """Return some variables of a MATLAB file.

    Parameters
    ----------
    path : Path
    names : iterable of str
        Those that the file lacks are absent from the result.

    Returns
    -------
    dict
        Structs are dicts, cell and struct arrays lists, texts str, numbers arrays in MATLAB's
        orientation without axes of length one (``squeeze``).

    Raises
    ------
    CalibrationError
        If the file is damaged.
    """
    if h5py.is_hdf5(path):
        return _load_hdf5(path, names)
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=list(names), simplify_cells=True)
    except Exception as problem:  # SciPy raises whatever damaged bytes lead to
        raise _unreadable(problem) from problem
    return {name: _plain(value) for name, value in content.items() if not name.startswith("__")}


def _unreadable(problem: Exception) -> CalibrationError:
    detail = str(problem).splitlines()[0][:100] if str(problem) else type(problem).__name__
    return CalibrationError(f"It is damaged or not a MATLAB file ({detail}).")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(item) for item in value.ravel()]
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return [str(item) for item in value.ravel()]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _load_hdf5(path: Path, names: Iterable[str]) -> dict[str, object]:
    with h5py.File(path, "r") as file:
        return {name: _from_hdf5(file[name], file) for name in names if name in file}


def _from_hdf5(item: "h5py.Group | h5py.Dataset", file: "h5py.File") -> object:
    if isinstance(item, h5py.Group):
        return _struct(item, file)
    if item.attrs.get("MATLAB_empty", 0):
        return np.zeros(0)
    values = np.asarray(item[()])
    if values.dtype == object:
        # MATLAB counts down columns, HDF5 holds them as rows: flat order is MATLAB's order.
        return [_from_hdf5(file[reference], file) for reference in values.ravel()]
    if item.attrs.get("MATLAB_class") == b"char":
        return "".join(chr(code) for code in values.ravel())
    return np.squeeze(values.T)


def _struct(group: "h5py.Group", file: "h5py.File") -> object:
    """Return a dict; a list of dicts where it is an array of structs (fields hold references)."""
    fields = {name: _from_hdf5(item, file) for name, item in group.items()}
    is_array = [
        isinstance(item, h5py.Dataset)
        and item.dtype == h5py.ref_dtype
        and item.attrs.get("MATLAB_class") is None
        for item in group.values()
    ]
    if not fields or not all(is_array):
        return fields
    columns = list(fields.values())
    lengths = {len(column) for column in columns if isinstance(column, list)}
    if len(lengths) != 1:
        return fields
    return [
        {name: column[at] for name, column in fields.items() if isinstance(column, list)}
        for at in range(lengths.pop())
    ]
