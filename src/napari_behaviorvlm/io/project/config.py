"""`project.toml`: what a project is made of, in words a person can read and edit."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from napari_behaviorvlm.io.settings_file import read_settings, write_settings

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
        write_settings(self, folder / FILE_NAME)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `project.toml` of a folder.

        Raises
        ------
        ProjectError
            If there is none, it is damaged, or a newer program wrote it.
        """
        return read_settings(
            cls, folder / FILE_NAME, newest=FORMAT, kind="project",
            absent=f"behaviorvlm project: it has no {FILE_NAME}.",
        )  # fmt: skip
