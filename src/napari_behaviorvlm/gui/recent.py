"""Projects that were opened lately, newest first, kept in the user's configuration folder."""

import tomllib
from pathlib import Path

import tomli_w
from platformdirs import user_config_path

from napari_behaviorvlm.gui.keymap import APP
from napari_behaviorvlm.io.atomic import atomic_write_bytes

MOST = 8
"""Projects that are remembered."""

FILE = "recent.toml"
BEHAVIOR_FILE = "recent_behavior.toml"
KEY = "projects"


def recent_behavior() -> "RecentProjects":
    """Return the list of behaviour folders."""
    return RecentProjects(user_config_path(APP) / BEHAVIOR_FILE, "behavior.toml")


class RecentProjects:
    """The list on disk; what cannot be read or written is no recent project.

    Parameters
    ----------
    path : Path, optional
        The file; in the user's configuration folder by default.
    marker : str
        File that makes a folder one of the kind that is remembered.
    """

    def __init__(self, path: Path | None = None, marker: str = "project.toml") -> None:
        self._path = user_config_path(APP) / FILE if path is None else path
        self._marker = marker

    @property
    def folders(self) -> list[Path]:
        """Projects that still exist, newest first."""
        try:
            listed = tomllib.loads(self._path.read_text("utf-8")).get(KEY, [])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return []
        folders = [Path(entry) for entry in listed if isinstance(entry, str)]
        return [folder for folder in folders if (folder / self._marker).is_file()][:MOST]

    def add(self, folder: Path) -> None:
        """Put a project first."""
        folder = folder.absolute()
        kept = [folder, *(other for other in self.folders if other != folder)][:MOST]
        content = tomli_w.dumps({KEY: [str(entry) for entry in kept]})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_bytes(self._path, content.encode())
        except OSError:
            return  # a convenience is not worth a complaint
