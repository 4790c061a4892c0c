"""Sample sessions that come with the program."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from napari_behaviorvlm.core.errors import ProjectError

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "sample_data", _PACKAGE.parents[1] / "sample_data")
"""In an installed wheel, and in a checkout of the repository."""


@dataclass(frozen=True)
class SampleSession:
    """Files of a sample session; see its README.md.

    Parameters
    ----------
    folder : Path
    """

    folder: Path

    @property
    def calibration(self) -> Path:
        """Anipose calibration."""
        return self.folder / "calibration.toml"

    @property
    def skeleton(self) -> Path:
        """Skeleton file."""
        return self.folder / "skeleton.toml"

    @property
    def seeds(self) -> Path:
        """Human-like labels of three frames."""
        return self.folder / "seeds.csv"

    @property
    def candidates(self) -> Path:
        """Dots as detection finds them: a folder of chunks a camera."""
        return self.folder / "candidates"

    @property
    def truth(self) -> Path:
        """What the generator knows: points, projections, visibility."""
        return self.folder / "truth.npz"

    def videos(self, channel: str) -> dict[str, Path]:
        """Videos of a channel ("reflectance" or "fluorescence") by camera name."""
        paths = sorted(self.folder.glob(f"{channel}_*.mp4"))
        return {path.stem.removeprefix(f"{channel}_"): path for path in paths}


def six_view_mouse() -> SampleSession:
    """Find the six-view mouse.

    Raises
    ------
    ProjectError
        If this installation came without it.
    """
    for place in _PLACES:
        folder = place / "six_view_mouse"
        if (folder / "calibration.toml").is_file():
            return SampleSession(folder)
    raise ProjectError(
        "The sample session is not part of this installation: install napari-behaviorvlm again."
    )


@dataclass(frozen=True)
class BehaviorSample:
    """Files of the behaviour sample; see its README.md.

    Parameters
    ----------
    folder : Path
    """

    folder: Path
    n_animals: int = 3

    @property
    def video(self) -> Path:
        """Three mice seen from above."""
        return self.folder / "three_mice.mp4"

    @property
    def poses(self) -> Path:
        """What a pose tracker would give, as multi-animal DeepLabCut writes it."""
        return self.folder / "poses.csv"

    @property
    def events(self) -> Path:
        """What each mouse does: animal, start_frame, end_frame, label."""
        return self.folder / "events.csv"

    @property
    def truth(self) -> Path:
        """What the generator knows."""
        return self.folder / "truth.npz"


def three_mice() -> BehaviorSample:
    """Find the three mice.

    Raises
    ------
    ProjectError
        If this installation came without them.
    """
    for place in _PLACES:
        folder = place / "three_mice"
        if (folder / "three_mice.mp4").is_file():
            return BehaviorSample(folder)
    raise ProjectError(
        "The behaviour sample is not part of this installation: install napari-behaviorvlm again."
    )


def sample_home() -> Path:
    """Folder in which sample projects are made: in the person's documents, where there are any.

    The environment variable ``BEHAVIORVLM_SAMPLE_FOLDER`` names another one.
    """
    chosen = os.environ.get("BEHAVIORVLM_SAMPLE_FOLDER")
    if chosen:
        return Path(chosen)
    documents = Path.home() / "Documents"
    return (documents if documents.is_dir() else _data_home()) / "behaviorvlm"


def _data_home() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
