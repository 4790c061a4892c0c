"""Recognising a calibration by its content."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.atomic import PathLike
from napari_behaviorvlm.io.calibration.anipose import parse_anipose
from napari_behaviorvlm.io.calibration.parts import (
    NoCameraError,
    common_directory_error,
    sorted_naturally,
)
from napari_behaviorvlm.io.names import match_names

_STORAGE_SUFFIXES = (".yaml", ".yml", ".xml", ".json")
_FORMATS = (
    "anipose .toml, Label3D or DANNCE .mat, OpenCV or JARVIS .yaml/.xml/.json (or a folder of "
    "them), SLEAP .slp"
)


def read_calibration(path: PathLike, camera_names: Sequence[str] | None = None) -> Rig:
    """Read the calibration of a rig, whichever tool wrote it.

    Parameters
    ----------
    path : path
        anipose's ``calibration.toml``, a Label3D or DANNCE ``.mat``, an OpenCV file with one or
        several cameras, a SLEAP file with a session, or a folder with one file per camera
        (OpenCV, JARVIS, DANNCE) or with a ``calibration.toml``.
    camera_names : sequence of str, optional
        Names of the videos. Each must have its camera and each camera its video (`match_names`);
        the rig then has these names in this order.

    Returns
    -------
    Rig
        World-to-camera, pixels counting from 0, skew kept, units as in the file.

    Raises
    ------
    CalibrationError
        If the file is missing, empty, damaged or something else, a camera lacks something or is
        impossible, or names do not match. The sentence names the file and the camera.
    """
    path = Path(path)
    try:
        rig = _read_folder(path) if path.is_dir() else _read_file(path)
    except CalibrationError as problem:
        text = str(problem)
        raise CalibrationError(text if str(path) in text else f"{path}: {text}") from None
    except OSError as problem:
        reason = problem.strerror or problem
        raise CalibrationError(f"The calibration {path} cannot be read: {reason}.") from problem
    return rig if camera_names is None else _renamed(rig, camera_names)


def _renamed(rig: Rig, names: Sequence[str]) -> Rig:
    known = {given: name for name, given in match_names(rig.names, names).items()}
    cameras = (dataclasses.replace(rig[known[name]], name=name) for name in names)
    return Rig(tuple(cameras), dict(rig.metadata))


def _read_file(path: Path) -> Rig:
    import h5py

    with path.open("rb") as handle:
        head = handle.read(128)
    if not head:
        raise CalibrationError("The file is empty.")
    if h5py.is_hdf5(path):
        return _read_hdf5(path)
    if head.startswith(b"MATLAB") or path.suffix.lower() == ".mat":
        from napari_behaviorvlm.io.calibration.label3d import read_label3d

        return read_label3d(path)
    return _read_text(path)


def _read_hdf5(path: Path) -> Rig:
    from napari_behaviorvlm.io.calibration.label3d import is_label3d, read_label3d
    from napari_behaviorvlm.io.calibration.matlab import variable_names
    from napari_behaviorvlm.io.calibration.sleap import is_sleap, read_sleap

    try:
        if is_sleap(path):
            return read_sleap(path)
        if is_label3d(variable_names(path)):
            return read_label3d(path)
    # h5py meets damaged bytes with any of these.
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as problem:
        raise CalibrationError("The file is damaged or truncated.") from problem
    raise NoCameraError(f"It is an HDF5 file without a calibration; known are {_FORMATS}.")


def _read_text(path: Path) -> Rig:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CalibrationError(f"It is not a calibration; known are {_FORMATS}.") from None
    if path.suffix.lower() == ".toml":
        return parse_anipose(text)
    if path.suffix.lower() in _STORAGE_SUFFIXES or text.startswith(("%YAML", "<?xml", "{")):
        return _read_storage(text, path)
    try:
        return parse_anipose(text)
    except CalibrationError:
        raise CalibrationError(f"It is not a calibration; known are {_FORMATS}.") from None


def _read_storage(text: str, path: Path) -> Rig:
    from napari_behaviorvlm.io.calibration.filestorage import parse_filestorage
    from napari_behaviorvlm.io.calibration.jarvis import camera_from_jarvis, is_jarvis
    from napari_behaviorvlm.io.calibration.opencv import rig_from_opencv

    content = parse_filestorage(text)
    if is_jarvis(content):
        return Rig((camera_from_jarvis(content, path.stem),))
    return rig_from_opencv(content, path.stem)


def _read_folder(folder: Path) -> Rig:
    named = folder / "calibration.toml"
    if named.is_file():
        return _read_file(named)
    files = sorted_naturally(
        path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
    )
    known = [path for path in files if path.suffix.lower() in (".mat", *_STORAGE_SUFFIXES)]
    if not known:
        raise common_directory_error(folder, [path.name for path in files])
    rigs = {path: rig for path in known if (rig := _read_part(path)) is not None}
    if not rigs:
        raise common_directory_error(folder, [path.name for path in known])
    several = [path.name for path, rig in rigs.items() if len(rig) > 1]
    if several and len(rigs) > 1:
        raise CalibrationError(
            f"{folder}: this folder holds more than one calibration ({', '.join(several)} has "
            "several cameras, and there are other files); name the file that you mean."
        )
    return Rig(tuple(camera for rig in rigs.values() for camera in rig))


def _read_part(path: Path) -> Rig | None:
    """Return the cameras of one file of a folder; None if it is about something else."""
    try:
        return _read_file(path)
    except NoCameraError:
        return None
    except CalibrationError as problem:
        raise CalibrationError(f"{path}: {problem}") from None
