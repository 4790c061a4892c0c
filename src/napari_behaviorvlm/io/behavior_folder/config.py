"""`behavior.toml`: which recordings a behaviour folder is about and how they were analysed."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from napari_behaviorvlm.io.settings_file import read_settings, write_settings

FORMAT = 1
"""Version of the folder's layout; a program refuses folders of a newer one."""

FILE_NAME = "behavior.toml"


class RecordingConfig(BaseModel):
    """One video and what is known of the animals in it.

    Paths are written relative to the behaviour folder where both lie on one drive.

    Parameters
    ----------
    name : str
        Names its folder in ``derived/`` and stands in every table.
    video : str or None
        File or folder of images.
    poses : str or None
        Table of poses that another tool (or a labelling project) made of this recording.
    pixel_poses : str or None
        Table of poses in pixels of the video, where `poses` is in 3D.
    view : str
        Camera of the labelling project; empty where there is none.
    animals : int
        How many are in the picture.
    names : list of str
        Of the animals, where somebody chose them; empty = as the poses have them, else A0, A1, ...
    fps : float or None
        Frames per second as found in the video.
    n_frames : int or None
    size : (int, int) or None
        Width and height, px.
    scale : float or None
        A centimetre in the unit of the poses (pixels without poses), where the lab knows it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, pattern=r"^[^/\\:*?\"<>|\x00-\x1f.][^/\\:*?\"<>|\x00-\x1f]*$")
    video: str | None = None
    poses: str | None = None
    pixel_poses: str | None = None
    view: str = ""
    animals: int = Field(default=1, ge=1)
    names: list[str] = Field(default_factory=list)
    fps: float | None = Field(default=None, gt=0)
    n_frames: int | None = Field(default=None, gt=0)
    size: tuple[int, int] | None = None
    scale: float | None = Field(default=None, gt=0)


class BehaviorConfig(BaseModel):
    """The content of `behavior.toml`.

    Parameters
    ----------
    format : int
        Layout version.
    name : str
        Of the experiment.
    project : str or None
        Labelling project that the recordings are views of.
    settings : dict of str to dict
        By step ("segment", "caption", "merge"): what it was last run with.
    recordings : list of RecordingConfig
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    name: str
    project: str | None = None
    settings: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    recordings: list[RecordingConfig] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [recording.name.casefold() for recording in self.recordings]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two recordings are called {twice!r}")
        return self

    def write(self, folder: Path) -> None:
        """Write `behavior.toml` into a folder, atomically.

        Raises
        ------
        ProjectError
            If the folder cannot be written.
        """
        write_settings(self, folder / FILE_NAME)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `behavior.toml` of a folder.

        Raises
        ------
        ProjectError
            If there is none, it is damaged, or a newer program wrote it.
        """
        return read_settings(
            cls, folder / FILE_NAME, newest=FORMAT, kind="behaviour",
            absent=f"behaviour folder: it has no {FILE_NAME} "
            "(`behaviorvlm behavior run VIDEO` makes one).",
        )  # fmt: skip
