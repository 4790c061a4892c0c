"""The calibration inside a SLEAP file (``.slp``) with a recording session.

Read from the file's own JSON: sleap-io would refuse cameras that do not have five distortion
coefficients, and takes a second to import.
"""

import json
from pathlib import Path

import h5py

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration.anipose import rig_from_mapping


def is_sleap(path: Path) -> bool:
    """Whether an HDF5 file is SLEAP's."""
    with h5py.File(path, "r") as file:
        return "sessions_json" in file or {"videos_json", "tracks_json"} <= set(file)


def read_sleap(path: Path) -> Rig:
    """Return the rig of a SLEAP file.

    Raises
    ------
    CalibrationError
        If it has no session, its cameras are not calibrated, or its sessions were recorded by
        different rigs.
    """
    with h5py.File(path, "r") as file:
        rows = file["sessions_json"][()] if "sessions_json" in file else []
    try:
        calibrations = [json.loads(row).get("calibration") for row in rows]
    except (ValueError, AttributeError):
        raise CalibrationError("Its recording sessions are damaged.") from None
    calibrations = [each for each in calibrations if each]
    if not calibrations:
        raise CalibrationError("This SLEAP file has no recording session with a calibration.")
    if any(each != calibrations[0] for each in calibrations):
        raise CalibrationError(
            "Its recording sessions have different calibrations; save the one you mean as .toml."
        )
    return rig_from_mapping(calibrations[0])
