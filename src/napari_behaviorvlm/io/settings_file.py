"""TOML files that say what a folder is made of: checked by a pydantic model, written atomically."""

import os
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.atomic import atomic_write_bytes

_Model = TypeVar("_Model", bound=BaseModel)


def write_settings(model: BaseModel, path: Path) -> None:
    """Write a file, atomically.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    content = tomli_w.dumps(_without_none(model.model_dump(mode="json")))
    atomic_write_bytes(path, content.encode(), error=ProjectError)


def read_settings(
    model: type[_Model], path: Path, *, newest: int, kind: str, absent: str
) -> _Model:
    """Read a file.

    Parameters
    ----------
    model : type
    path : Path
    newest : int
        The newest ``format`` that this program knows.
    kind : str
        What the folder is, in one word.
    absent : str
        What the message says of a folder without the file.

    Raises
    ------
    ProjectError
        If there is none, it is damaged, or a newer program wrote it.
    """
    content = _parse(path, kind, absent)
    found = content.get("format")
    if isinstance(found, int) and found > newest:
        raise ProjectError(
            f"{path} was written by a newer behaviorvlm ({kind} format {found}, this program "
            f"knows {newest}): upgrade napari-behaviorvlm to open it."
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise ProjectError(f"{path} is damaged at {place}: {first['msg']}.") from None


def _parse(path: Path, kind: str, absent: str) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise ProjectError(f"There is no {kind} folder {path.parent}.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"{path.parent} is not a {absent}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} is damaged and cannot be read ({error}).") from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}).") from None


def _without_none(value: Any) -> Any:
    """TOML has no null."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def relative_path(target: Path, folder: Path) -> str:
    """Path of a file as such a file holds it: relative if possible, with forward slashes."""
    absolute = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow the lab's links
    try:
        return Path(os.path.relpath(absolute, os.path.abspath(folder))).as_posix()  # noqa: PTH100
    except ValueError:  # another drive on Windows
        return absolute.as_posix()


def absolute_path(written: str, folder: Path) -> Path:
    """Where such a path points to."""
    return Path(os.path.normpath(folder / written))
