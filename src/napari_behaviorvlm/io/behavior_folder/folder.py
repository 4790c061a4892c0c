"""A behaviour folder: recordings, what was computed of them, and what people made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.atomic import atomic_directory, explained, sweep_partial
from napari_behaviorvlm.io.behavior_folder.config import FILE_NAME, BehaviorConfig, RecordingConfig
from napari_behaviorvlm.io.behavior_folder.store import BehaviorStore
from napari_behaviorvlm.io.folder_lock import lock_folder
from napari_behaviorvlm.io.settings_file import absolute_path, relative_path

STORE = "behavior.sqlite"
VOCABULARY = "vocabulary.toml"
DERIVED = "derived"
LOCK = "behavior.lock"


@dataclass(frozen=True)
class Recording:
    """One video of a behaviour folder, with paths as they are on this machine.

    Parameters
    ----------
    name : str
    video : Path or None
    poses : Path or None
        Table of poses, for kinematics: in pixels of the video, or in 3D.
    pixel_poses : Path or None
        Table of poses in pixels of the video, where `poses` is in 3D.
    view : str
        Camera of the labelling project, else empty.
    n_animals : int
    animals : tuple of str
        Names that somebody chose; empty = as the poses have them, else A0, A1, ...
    fps : float or None
    n_frames : int or None
    size : (int, int) or None
    scale : float or None
        A centimetre in the unit of the poses (pixels without poses).
    """

    name: str
    video: Path | None
    poses: Path | None = None
    pixel_poses: Path | None = None
    view: str = ""
    n_animals: int = 1
    animals: tuple[str, ...] = ()
    fps: float | None = None
    n_frames: int | None = None
    size: tuple[int, int] | None = None
    scale: float | None = None

    def to_config(self, folder: Path) -> RecordingConfig:
        """Write it as `behavior.toml` of a folder has it."""
        paths = {"video": self.video, "poses": self.poses, "pixel_poses": self.pixel_poses}
        written = {
            key: None if path is None else relative_path(path, folder)
            for key, path in paths.items()
        }
        return RecordingConfig(
            name=self.name, **written,
            view=self.view, animals=self.n_animals, names=list(self.animals), fps=self.fps,
            n_frames=self.n_frames, size=self.size, scale=self.scale,
        )  # fmt: skip

    @classmethod
    def from_config(cls, config: RecordingConfig, folder: Path) -> Self:
        """Inverse of `to_config`."""

        def path(written: str | None) -> Path | None:
            return None if written is None else absolute_path(written, folder)

        return cls(
            name=config.name, video=path(config.video), poses=path(config.poses),
            pixel_poses=path(config.pixel_poses), view=config.view, n_animals=config.animals,
            animals=tuple(config.names), fps=config.fps, n_frames=config.n_frames,
            size=config.size, scale=config.scale,
        )  # fmt: skip


class BehaviorFolder:
    """An open behaviour folder.

    Parameters
    ----------
    folder : Path
    writable : bool
        A writable folder is locked against other writers until `close`.

    Raises
    ------
    ProjectError
        If the folder is none, damaged, newer than this program, or in use elsewhere.
    """

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self.folder = Path(folder)
        self.writable = writable
        self.config = BehaviorConfig.read(self.folder)
        self._lock = lock_folder(self.folder, LOCK) if writable else None
        try:
            self._store: BehaviorStore | None = None
            if writable:
                _sweep(self.folder)
                self._store = BehaviorStore(self.folder / STORE)
        except BaseException:
            self._unlock()
            raise

    @classmethod
    def open(cls, folder: Path, *, writable: bool = True) -> Self:
        """Open an existing folder; see the class."""
        return cls(folder, writable=writable)

    @classmethod
    def create(
        cls, folder: Path, recordings: Sequence[Recording], *, name: str = "",
        project: Path | None = None,
    ) -> Self:  # fmt: skip
        """Make a new folder, whole or not at all, and open it.

        Parameters
        ----------
        folder : Path
        recordings : sequence of Recording
            At least one; names differ.
        name : str
            Of the experiment; the folder's by default.
        project : Path, optional
            Labelling project that the recordings are views of.

        Raises
        ------
        ProjectError
            If the folder exists and is not empty, cannot be written, or names are not sound.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ProjectError(f"{folder} already exists and is not empty: choose another name.")
        config = _config(folder, recordings, name or folder.stem, project)
        with explained(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_directory(folder, error=ProjectError, exist_ok=True) as temporary:
            config.write(temporary)
            BehaviorStore(temporary / STORE).close()
        return cls(folder)

    @staticmethod
    def is_one(folder: Path) -> bool:
        """Whether a path is a behaviour folder."""
        return (Path(folder) / FILE_NAME).is_file()

    @property
    def store(self) -> BehaviorStore:
        """Captions, bouts and edits.

        Of a folder that is only read it is opened when it is first asked for: workers on other
        machines need none, and databases do not like network disks.
        """
        if self._store is None:
            self._store = BehaviorStore(self.folder / STORE, writable=self.writable)
        return self._store

    def close(self) -> None:
        """Close the store and let other programs in."""
        if self._store is not None:
            self._store.close()
            self._store = None
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    # Recordings --------------------------------------------------------------------------------

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All recordings, in the order of `behavior.toml`."""
        return tuple(Recording.from_config(one, self.folder) for one in self.config.recordings)

    def recording(self, name: str) -> Recording:
        """Return the recording of a name.

        Raises
        ------
        ProjectError
            If there is none.
        """
        for one in self.recordings:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.recordings)
        raise ProjectError(f"{self.folder} has no recording {name!r}; it has {known}.")

    def set_recordings(self, recordings: Sequence[Recording]) -> None:
        """Replace the list of recordings; captions and bouts of others stay in the store."""
        project = None if self.project is None else self.project
        config = _config(self.folder, recordings, self.config.name, project)
        self._write(config.model_copy(update={"settings": self.config.settings}))

    def remember(self, step: str, settings: Mapping[str, JsonValue]) -> None:
        """Note in `behavior.toml` with what a step was last run."""
        if self.config.settings.get(step) != dict(settings):
            changed = {**self.config.settings, step: dict(settings)}
            self._write(self.config.model_copy(update={"settings": changed}))

    def _write(self, config: BehaviorConfig) -> None:
        config.write(self.folder)
        self.config = config

    # Places ------------------------------------------------------------------------------------

    @property
    def project(self) -> Path | None:
        """Labelling project that the recordings are views of."""
        written = self.config.project
        return None if written is None else absolute_path(written, self.folder)

    @property
    def vocabulary(self) -> Path:
        """Where the lab's words are kept, if it gave some."""
        return self.folder / VOCABULARY

    def derived(self, recording: "Recording | str | None" = None) -> Path:
        """Folder of what can be computed again; made if it is absent and the folder is writable.

        Parameters
        ----------
        recording : Recording or str, optional
            Whose; without it, of all recordings together (clusters, their model).
        """
        name = recording.name if isinstance(recording, Recording) else recording
        base = self.folder / DERIVED
        place = base / "shared" if name is None else base / "recordings" / name
        if self.writable:
            with explained(place):
                place.mkdir(parents=True, exist_ok=True)
        return place


def _config(
    folder: Path, recordings: Sequence[Recording], name: str, project: Path | None
) -> BehaviorConfig:  # fmt: skip
    from pydantic import ValidationError

    try:
        return BehaviorConfig(
            name=name, project=None if project is None else relative_path(project, folder),
            recordings=[recording.to_config(folder) for recording in recordings],
        )  # fmt: skip
    except ValidationError as error:
        raise ProjectError(
            f"{folder} cannot be made: {error.errors()[0]['msg'].removeprefix('Value error, ')}."
        ) from None


def _sweep(folder: Path) -> None:
    """Delete what killed processes left unfinished."""
    derived = folder / DERIVED
    for place in (folder, *derived.rglob("*")):
        if place.is_dir():
            sweep_partial(place)
