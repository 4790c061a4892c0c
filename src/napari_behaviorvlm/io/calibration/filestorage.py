"""OpenCV's FileStorage (YAML, XML, JSON) as plain dicts, lists, numbers, strings and arrays."""

import cv2
import numpy as np

from napari_behaviorvlm.core.errors import CalibrationError

Mapping = dict[str, object]


def parse_filestorage(text: str) -> Mapping:
    """Return the top level of a FileStorage text.

    Plain YAML and JSON that OpenCV's parser takes are read as well; a mapping of rows, cols and
    data is a matrix whether it carries OpenCV's tag or not (ROS leaves it out).

    Raises
    ------
    CalibrationError
        If OpenCV cannot parse it.
    """
    flags = cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY
    level = cv2.utils.logging.getLogLevel()
    # Its complaints would stand on stderr beside our sentence.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        storage = cv2.FileStorage(text, flags)
        content = _plain(storage.root())
        storage.release()
    except (cv2.error, SystemError, ValueError, TypeError, RecursionError):
        raise CalibrationError("OpenCV cannot read it as YAML, XML or JSON.") from None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not isinstance(content, dict):
        raise CalibrationError("It holds no named values.")
    return content


def _plain(node: "cv2.FileNode") -> object:
    if node.isMap():
        return _plain_map(node)
    if node.isSeq():
        return [_plain(node.at(at)) for at in range(node.size())]
    if node.isInt() or node.isReal():
        return node.real()
    if node.isString():
        return node.string()
    return None


def _plain_map(node: "cv2.FileNode") -> object:
    keys = node.keys()
    if {"dt", "data"} <= set(keys):
        return np.asarray(node.mat(), dtype=np.float64)
    if {"rows", "cols", "data"} <= set(keys):
        shape = int(node.getNode("rows").real()), int(node.getNode("cols").real())
        data = np.ravel(np.asarray(_plain(node.getNode("data")), dtype=np.float64))
        return data.reshape(shape) if data.size == shape[0] * shape[1] else data
    # OpenCV keeps the quotes that YAML puts around keys with spaces.
    return {key.strip('"'): _plain(node.getNode(key)) for key in keys}
