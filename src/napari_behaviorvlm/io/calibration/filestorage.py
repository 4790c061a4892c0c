"""OpenCV's FileStorage (YAML, XML, JSON) as plain dicts, lists, numbers, texts and arrays.

Parsed here and not by OpenCV: its own parser (5.0.0) ends the whole process on some damaged files.
"""

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration.parts import FloatArray


def parse_filestorage(text: str) -> dict[str, object]:
    """Return the top level of a FileStorage text.

    Plain YAML and JSON are read as well; a mapping of rows, cols and data is a matrix whether it
    carries OpenCV's tag or not (ROS leaves it out).

    Raises
    ------
    CalibrationError
        If the text is not well-formed, has no named values, or a matrix is incomplete.
    """
    start = text.lstrip()[:1]
    try:
        if start == "<":
            content = _parse_xml(text)
        elif start in ("{", "["):
            content = json.loads(text)
        else:
            content = _parse_yaml(text)
    except _parse_errors() as problem:
        detail = " ".join(str(problem).split())[:100]
        raise CalibrationError(f"It cannot be read as YAML, XML or JSON ({detail}).") from None
    plain = _with_matrices(content, "")
    if not isinstance(plain, dict):
        raise CalibrationError("It holds no named values.")
    return plain


def _parse_errors() -> tuple[type[Exception], ...]:
    import yaml

    return (yaml.YAMLError, ET.ParseError, ValueError, TypeError, RecursionError)


@cache
def _yaml_loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Takes OpenCV's tags for the mappings that they stand on."""

    Loader.add_multi_constructor(
        "tag:yaml.org,2002:opencv-",
        lambda loader, _, node: loader.construct_mapping(node, deep=True),
    )
    return Loader


def _parse_yaml(text: str) -> object:
    import yaml

    # OpenCV before 4 began its files with "%YAML:1.0", which is not YAML.
    text = re.sub(r"^\s*%YAML[^\n]*\n", "", text)
    return yaml.load(text, Loader=_yaml_loader())  # noqa: S506 - a safe loader


def _parse_xml(text: str) -> object:
    root = ET.fromstring(text)  # noqa: S314 - expat bounds the expansion of entities
    return _plain_xml(root)


def _plain_xml(element: ET.Element) -> object:
    children = list(element)
    if not children:
        return _plain_xml_text(element.text or "")
    if all(child.tag == "_" for child in children):
        return [_plain_xml(child) for child in children]
    return {child.tag: _plain_xml(child) for child in children}


def _plain_xml_text(text: str) -> object:
    """Numbers parted by spaces are a list, anything else is a text."""
    words = text.split()
    try:
        values = [_number(word) for word in words]
    except ValueError:
        return text.strip().strip('"')
    if len(values) == 1:
        return int(values[0]) if values[0].is_integer() else values[0]
    return list(values)


def _number(value: object) -> float:
    """Return a number, also where it is spelt as OpenCV does (.Nan, -.Inf) or as YAML has not."""
    if isinstance(value, str):
        value = re.sub(r"^([-+]?)\.(nan|inf)$", r"\1\2", value.strip(), flags=re.IGNORECASE)
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def _with_matrices(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        if "data" in value and ({"rows", "cols"} <= set(value) or "sizes" in value):
            return _matrix(value, name)
        return {str(key): _with_matrices(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_matrices(item, name) for item in value]
    return value


def _matrix(node: Mapping[object, object], name: str) -> FloatArray:
    """Matrix of rows, cols (or sizes), data and dt, whose leading number counts channels."""
    try:
        data = np.array([_number(item) for item in _listed(node["data"])])
        sizes = _listed(node["sizes"]) if "sizes" in node else [node["rows"], node["cols"]]
        shape = [int(_number(size)) for size in sizes]
        channels = re.match(r"\d+", str(node.get("dt", "d")))
        if channels and int(channels[0]) > 1:
            shape.append(int(channels[0]))
        return data.reshape([abs(size) for size in shape])
    except (ValueError, TypeError, OverflowError):
        raise CalibrationError(f"Its matrix {name!r} is damaged or incomplete.") from None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
