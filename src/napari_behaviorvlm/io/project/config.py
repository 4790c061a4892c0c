"""`project.toml`: what a project is made of, in words a person can read and edit."""

import os
import tomllib
from pathlib import Path
from typing import Any, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.atomic import atomic_write_bytes

FORMAT = 1
"""Version of the folder's layout; a program refuses folders of a newer one."""

FILE_NAME = "project.toml"


class ViewConfig(BaseModel):
    """The recording of one camera.

    Paths are written relative to the project folder where both lie on one drive, with forward
    slashes, so that a project and its videos can be moved together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    video: str | None = None
    fluorescence: str | None = None
    size: tuple[int, int] | None = None


class ProjectConfig(BaseModel):
    """The content of `project.toml`.

    Parameters
    ----------
    format : int
        Layout version.
    name : str
        Name of the session; exports carry it.
    unit : str
        Unit of length of the calibration.
    fps : float or None
        Frames per second.
    n_frames : int
        Frames that every view has.
    views : dict of str to ViewConfig
        By camera name, in the order of the rig.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    name: str
    unit: str = "mm"
    fps: float | None = Field(default=None, gt=0)
    n_frames: int = Field(gt=0)
    views: dict[str, ViewConfig] = Field(min_length=1)

    def write(self, folder: Path) -> None:
        """Write `project.toml` into a folder, atomically.

        Raises
        ------
        ProjectError
            If the folder cannot be written.
        """
        content = tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))
        atomic_write_bytes(folder / FILE_NAME, content.encode(), error=ProjectError)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `project.toml` of a folder.

        Raises
        ------
        ProjectError
            If there is none, it is damaged, or a newer program wrote it.
        """
        path = folder / FILE_NAME
        content = _parse(path)
        found = content.get("format")
        if isinstance(found, int) and found > FORMAT:
            raise ProjectError(
                f"{path} was written by a newer behaviorvlm (project format {found}, this program "
                f"knows {FORMAT}): upgrade napari-behaviorvlm to open it."
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "file"
            raise ProjectError(f"{path} is damaged at {place}: {first['msg']}.") from None


def _parse(path: Path) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise ProjectError(f"There is no project folder {path.parent}.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            f"{path.parent} is not a behaviorvlm project: it has no {FILE_NAME}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} is damaged and cannot be read ({error}).") from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}).") from None


def relative_path(target: Path, folder: Path) -> str:
    """Path of a file as `project.toml` holds it: relative if possible, with forward slashes."""
    absolute = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow the lab's links
    try:
        return Path(os.path.relpath(absolute, os.path.abspath(folder))).as_posix()  # noqa: PTH100
    except ValueError:  # another drive on Windows
        return absolute.as_posix()


def absolute_path(written: str, folder: Path) -> Path:
    """Where a path of `project.toml` points to."""
    return Path(os.path.normpath(folder / written))
