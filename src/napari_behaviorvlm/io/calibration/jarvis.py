"""JARVIS: one OpenCV YAML per camera, the intrinsics and the rotation stored transposed.

``[u v 1] ~ ([X Y Z] R + T) intrinsicMatrix``, pixels counting from 0.
"""

from collections.abc import Mapping

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration.parts import numbers, rotation_vector, untransposed

_KEYS = ("intrinsicMatrix", "distortionCoefficients", "R", "T")


def is_jarvis(content: Mapping[str, object]) -> bool:
    """Whether a file's content uses the names that JARVIS gives to intrinsics and distortion."""
    return "intrinsicMatrix" in content and "distortionCoefficients" in content


def camera_from_jarvis(content: Mapping[str, object], name: str) -> Camera:
    """Return the camera of a JARVIS file.

    Parameters
    ----------
    content : mapping
        As `filestorage.parse_filestorage` returns it.
    name : str
        Of the camera: JARVIS names the file after it.

    Raises
    ------
    CalibrationError
        If something is missing, or the matrix is not stored transposed.
    """
    for key in _KEYS:
        if key not in content:
            raise CalibrationError(f"Camera {name!r}: its {key} is missing.")
    matrix = untransposed(content["intrinsicMatrix"], "intrinsicMatrix", name)  # type: ignore[arg-type]
    return Camera(
        name=name,
        size=None,
        matrix=matrix,
        distortion=numbers(content["distortionCoefficients"], "distortion", name).ravel(),
        rotation=rotation_vector(numbers(content["R"], "rotation", name).T, name),
        translation=numbers(content["T"], "translation", name),
    )
