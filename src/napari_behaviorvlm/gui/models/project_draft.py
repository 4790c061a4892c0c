"""A project that is being put together: which video belongs to which camera."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from napari_behaviorvlm.io.names import folded, pair_names
from napari_behaviorvlm.workflows.create import NewProject

CHANNELS = ("videos", "fluorescence")


@dataclass(frozen=True)
class ProjectDraft:
    """What a person has filled in so far.

    Parameters
    ----------
    folder, calibration, skeleton, seeds : Path or None
    cameras : tuple of str
        Names in the calibration; empty while it is unknown.
    files : dict of str to tuple of Path
        By channel ("videos", "fluorescence") the files that were given.
    chosen : dict of (str, str) to Path or None
        By channel and camera what the person chose in the table, over what names suggest.
    unit : str
    shortest : bool
        Use the frames that all videos have.
    """

    folder: Path | None = None
    calibration: Path | None = None
    skeleton: Path | None = None
    seeds: Path | None = None
    cameras: tuple[str, ...] = ()
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    chosen: dict[tuple[str, str], Path | None] = field(default_factory=dict)
    unit: str = "mm"
    shortest: bool = False

    def with_files(self, channel: str, files: Iterable[Path]) -> Self:
        """Add files to a channel; those that are there already stay once."""
        together = tuple(dict.fromkeys((*self.files.get(channel, ()), *files)))
        return replace(self, files={**self.files, channel: together})

    def with_choice(self, channel: str, camera: str, path: Path | None) -> Self:
        """Let a camera have a file, whatever its name says."""
        draft = self if path is None else self.with_files(channel, [path])
        return replace(draft, chosen={**self.chosen, (channel, camera): path})

    def assigned(self, channel: str) -> dict[str, Path]:
        """Files by camera, in the order of the calibration; cameras without one are absent."""
        chosen = {c: path for (of, c), path in self.chosen.items() if of == channel}
        taken = set(chosen.values())
        left = [path for path in self.files.get(channel, ()) if path not in taken]
        open_cameras = [name for name in self.cameras if name not in chosen]
        matched = match_files(open_cameras, left) | {c: p for c, p in chosen.items() if p}
        return {name: matched[name] for name in self.cameras if name in matched}

    def unused(self, channel: str) -> list[Path]:
        """Files that no camera has."""
        used = set(self.assigned(channel).values())
        return [path for path in self.files.get(channel, ()) if path not in used]

    def request(self) -> NewProject:
        """Return the same as `create_project` takes it; what is missing is an empty path."""
        nowhere = Path()
        return NewProject(
            folder=self.folder or nowhere,
            calibration=self.calibration or nowhere,
            videos=self.assigned("videos"),
            fluorescence=self.assigned("fluorescence"),
            skeleton=self.skeleton,
            unit=self.unit,
            shortest=self.shortest,
        )


def match_files(cameras: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    """Find each camera's file by its name.

    A file belongs to a camera if its name without the suffix is the camera's (`pair_names`), else
    if the camera's name stands in it as a word, else if it lies in a folder of the camera's name.
    Where several would do, none is taken.

    Parameters
    ----------
    cameras : sequence of str
    files : sequence of Path

    Returns
    -------
    dict of str to Path
    """
    found: dict[str, Path] = {}
    for rule in (_by_stem, _by_word, _by_folder):
        left = [path for path in files if path not in found.values()]
        found |= rule([name for name in cameras if name not in found], left)
    return found


def _by_stem(cameras: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    by_stem = {path.stem: path for path in files}
    if len(by_stem) < len(files):
        return {}
    return {name: by_stem[stem] for name, stem in pair_names(cameras, list(by_stem)).items()}


def _by_word(cameras: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    def has_word(camera: str, path: Path) -> bool:
        pattern = rf"(?<![^\W_]){re.escape(folded(camera))}(?![^\W_])"
        return re.search(pattern, folded(path.stem)) is not None

    return _unique(cameras, files, has_word)


def _by_folder(cameras: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    return _unique(cameras, files, lambda name, path: folded(path.parent.name) == folded(name))


def _unique(
    cameras: Sequence[str], files: Sequence[Path], fits: Callable[[str, Path], bool]
) -> dict[str, Path]:
    """Pairs in which neither the camera nor the file fits another one."""
    fitting = {name: [path for path in files if fits(name, path)] for name in cameras}
    counts = {path: sum(path in paths for paths in fitting.values()) for path in files}
    return {
        name: paths[0]
        for name, paths in fitting.items()
        if len(paths) == 1 and counts[paths[0]] == 1
    }
