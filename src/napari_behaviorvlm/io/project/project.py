"""A project folder: one recording session, its calibration, labels and computed results."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.atomic import (
    atomic_directory,
    atomic_write_bytes,
    explained,
    sweep_partial,
)
from napari_behaviorvlm.io.calibration import read_calibration, write_anipose
from napari_behaviorvlm.io.folder_lock import lock_folder
from napari_behaviorvlm.io.project.chunks import CandidateChunks, ProjectCandidates
from napari_behaviorvlm.io.project.config import ProjectConfig
from napari_behaviorvlm.io.project.store import LabelStore
from napari_behaviorvlm.io.settings_file import absolute_path
from napari_behaviorvlm.io.skeleton import read_skeleton, write_skeleton

CALIBRATION = "calibration.toml"
SKELETON = "skeleton.toml"
LABELS = "labels.sqlite"
DERIVED = "derived"
IMPORTED = "imported"
LOCK = "project.lock"
CURRENT = "current.json"


class Project:
    """An open project folder.

    Parameters
    ----------
    folder : Path
    writable : bool
        A writable project is locked against other writers until `close`.

    Raises
    ------
    ProjectError
        If the folder is not a project, damaged, newer than this program, or in use elsewhere.
    """

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self.folder = Path(folder)
        self.writable = writable
        self.config = ProjectConfig.read(self.folder)
        self._lock = lock_folder(self.folder, LOCK) if writable else None
        try:
            if writable:
                _sweep(self.folder)
            self.rig: Rig = read_calibration(self.folder / CALIBRATION).subset(self.config.views)
            self.skeleton: Skeleton = read_skeleton(self.folder / SKELETON)
            self.store = LabelStore(
                self.folder / LABELS, self.rig.names, self.skeleton.keypoints, writable=writable
            )
        except BaseException:
            self._unlock()
            raise

    @classmethod
    def create(cls, folder: Path, config: ProjectConfig, rig: Rig, skeleton: Skeleton) -> "Project":
        """Make a new project folder, whole or not at all, and open it.

        Raises
        ------
        ProjectError
            If the folder exists and is not empty, or cannot be written.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ProjectError(f"{folder} already exists and is not empty: choose another name.")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(f"{folder} cannot be made ({error.strerror}).") from None
        with atomic_directory(folder, error=ProjectError, exist_ok=True) as temporary:
            config.write(temporary)
            write_anipose(rig, temporary / CALIBRATION)
            write_skeleton(skeleton, temporary / SKELETON)
            LabelStore(temporary / LABELS, rig.names, skeleton.keypoints).close()
        return cls(folder)

    def close(self) -> None:
        """Close the label store and let other programs in."""
        self.store.close()
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    @property
    def derived(self) -> Path:
        """Folder of results that can be computed again."""
        return self.folder / DERIVED

    @property
    def results(self) -> Path:
        """Folder of the results of labelling runs."""
        return self.derived / "labels"

    def result(self, key: str) -> Path:
        """Folder of one run's result."""
        return self.results / key

    def video(self, camera: str) -> Path | None:
        """Return the pictures a person looks at, None for a project made of candidates only."""
        written = self.config.views[camera].video
        return None if written is None else absolute_path(written, self.folder)

    def dot_video(self, camera: str) -> Path | None:
        """Return the pictures dots are looked for in: fluorescence, else the video."""
        written = self.config.views[camera].fluorescence
        return self.video(camera) if written is None else absolute_path(written, self.folder)

    @property
    def imported(self) -> Path:
        """Folder of candidates that came from a file instead of from detection."""
        return self.folder / IMPORTED / "candidates"

    @property
    def has_imported(self) -> bool:
        """Whether candidates were imported; they then take the place of detected ones."""
        return self.imported.is_dir()

    def candidates(self) -> ProjectCandidates:
        """Return the candidates in use: imported ones where there are any, else detected ones."""
        if self.has_imported:
            folders = [self.imported / f"camera_{at:02d}" for at in range(len(self.rig))]
        else:
            keys = self.candidate_keys()
            folders = [self.candidate_folder(keys.get(name, "none")) for name in self.rig.names]
        return ProjectCandidates(
            tuple(CandidateChunks(folder) for folder in folders), self.config.n_frames
        )

    def candidate_folder(self, key: str) -> Path:
        """Folder of the candidates detected in one camera's dot video."""
        return self.derived / "candidates" / key

    def candidate_keys(self) -> dict[str, str]:
        """Content keys of the detected candidates in use, by camera name; empty before `detect`."""
        try:
            content = json.loads((self.derived / "candidates" / CURRENT).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(key) for name, key in content.items()}

    def set_candidate_keys(self, keys: Mapping[str, str]) -> None:
        """Make these detected candidates the ones in use."""
        folder = self.derived / "candidates"
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(folder / CURRENT, json.dumps(dict(keys), indent=2).encode())

    @contextmanager
    def replacing_imported(self) -> Iterator[tuple[CandidateChunks, ...]]:
        """Fresh folders, one a camera, that replace the imported candidates if all goes well."""
        with explained(self.imported):
            self.imported.parent.mkdir(exist_ok=True)
        with atomic_directory(self.imported, error=ProjectError, exist_ok=True) as temporary:
            folders = [temporary / f"camera_{at:02d}" for at in range(len(self.rig))]
            for folder in folders:
                folder.mkdir()
            yield tuple(CandidateChunks(folder) for folder in folders)

    def forget_imported(self) -> None:
        """Delete imported candidates, so that detected ones are used again."""
        shutil.rmtree(self.imported, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what killed processes left unfinished wherever a project is written atomically."""
    derived = folder / DERIVED
    places = [folder, folder / IMPORTED, *derived.glob("*"), *derived.glob("*/*")]
    for place in places:
        if place.is_dir():
            sweep_partial(place)
