"""The sample session as a project of one's own: made once, found again, ready to be labelled."""

import json
import shutil
from pathlib import Path

from napari_behaviorvlm.candidates.detection import DetectionSettings
from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.atomic import explained
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import CandidateChunks
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.io.samples import SampleSession, sample_home, six_view_mouse
from napari_behaviorvlm.io.settings_file import relative_path
from napari_behaviorvlm.io.skeleton import read_skeleton
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.detect import ingredients
from napari_behaviorvlm.workflows.seed import seed

SEEDED_BY = "sample"
"""Author of the seed labels that come with the sample."""


def find_or_make_sample(home: Path | None = None) -> Path:
    """Return the folder of the six-view mouse as a project, made if there is none yet.

    Parameters
    ----------
    home : Path, optional
        Where such projects lie; `sample_home` by default.

    Raises
    ------
    ProjectError
        If the sample is not installed, or the folder cannot be written.
    """
    sample = six_view_mouse()
    home = sample_home() if home is None else home
    number = 1
    while True:
        folder = home / ("six_view_mouse" if number == 1 else f"six_view_mouse-{number}")
        if _is_free(folder):
            make_sample_project(folder, sample)
            return folder
        if _is_usable(folder):
            return folder
        number += 1


def _is_free(folder: Path) -> bool:
    with explained(folder):
        return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _is_usable(folder: Path) -> bool:
    """Whether a sample project made earlier is whole and its videos are where they were."""
    try:
        with Project(folder, writable=False) as project:
            videos = (project.video(name) for name in project.rig.names)
            return all(path is not None and path.exists() for path in videos)
    except BehaviorVLMError:
        return False


def make_sample_project(folder: Path, sample: SampleSession) -> None:
    """Make the project: views, seeds, and the dots that were found when the sample was shipped.

    Raises
    ------
    ProjectError
        If the folder cannot be written.
    """
    rig, skeleton = read_calibration(sample.calibration), read_skeleton(sample.skeleton)
    videos, dots = sample.videos("reflectance"), sample.videos("fluorescence")
    info = probe(videos[rig.names[0]])  # the others are alike, which tests see to
    views = {
        camera.name: ViewConfig(
            video=relative_path(videos[camera.name], folder),
            fluorescence=relative_path(dots[camera.name], folder),
            size=camera.size,
        )
        for camera in rig
    }
    config = ProjectConfig(name=folder.name, fps=info.fps, n_frames=info.n_frames, views=views)
    with Project.create(folder, config, rig, skeleton) as project:
        adopt_candidates(project, sample.candidates)
        seed(project, sample.seeds, author=SEEDED_BY)


def adopt_candidates(project: Project, source: Path) -> bool:
    """Take over dots that were found elsewhere, where detection would find the very same.

    Parameters
    ----------
    project : Project
    source : Path
        A folder per camera with its chunks and ``made_from.json``, as detection writes them.

    Returns
    -------
    bool
        False if some are missing, or made from another video or by another version of the
        detector; nothing has been taken over then.
    """
    wanted = ingredients(project, DetectionSettings())
    if any(_made_from(source / name) != _plain(name, wanted[name]) for name in wanted):
        return False
    keys = {name: content_key(content) for name, content in wanted.items()}
    for name, key in keys.items():
        chunks = CandidateChunks(project.candidate_folder(key))
        with explained(chunks.folder):
            chunks.folder.mkdir(parents=True, exist_ok=True)
            for file in sorted((source / name).glob("chunk_*.npz")):
                shutil.copyfile(file, chunks.folder / file.name)
        chunks.describe({"camera": name, **wanted[name]})
    project.set_candidate_keys(keys)
    return True


def _made_from(folder: Path) -> object:
    try:
        return json.loads((folder / "made_from.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _plain(camera: str, content: dict[str, object]) -> object:
    """Return what `made_from.json` says where dots were made from this."""
    return json.loads(json.dumps({"camera": camera, **content}, default=str))
