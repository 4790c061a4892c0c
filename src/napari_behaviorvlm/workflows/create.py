"""A project from a calibration and synchronised videos: everything is checked before it is made."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import CalibrationError, ProjectError, TableError, VideoError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.calibration import match_names, read_calibration
from napari_behaviorvlm.io.candidate_table import read_candidates
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.io.settings_file import relative_path
from napari_behaviorvlm.io.skeleton import read_skeleton
from napari_behaviorvlm.io.video import VideoInfo, probe


@dataclass(frozen=True)
class NewProject:
    """What a person gives to start a project.

    Parameters
    ----------
    folder : Path
        Where the project is made.
    calibration : Path
        Any format that `read_calibration` knows.
    videos, fluorescence : dict of str to Path
        By camera name. Without fluorescence, dots are looked for in the videos.
    candidates : Path or None
        A table of candidates; a project may consist of these alone, without videos.
    skeleton : Path or None
        The paper's twelve-point mouse where None.
    unit : str
        Unit of length of the calibration.
    name : str
        Session name; the folder's where empty.
    fps : float or None
        Frames per second; the videos' own where None.
    shortest : bool
        Use the frames that all videos have instead of refusing unequal lengths.
    """

    folder: Path
    calibration: Path
    videos: Mapping[str, Path]
    fluorescence: Mapping[str, Path] = field(default_factory=dict)
    candidates: Path | None = None
    skeleton: Path | None = None
    unit: str = "mm"
    name: str = ""
    fps: float | None = None
    shortest: bool = False


def create_project(request: NewProject) -> Generator[Progress, None, Project]:
    """Check everything a person gave and make the project.

    Returns
    -------
    Project
        Open and writable; the caller closes it.

    Raises
    ------
    BehaviorVLMError
        If anything does not fit; nothing has been made then.
    """
    if not request.videos and request.candidates is None:
        raise ProjectError("A project needs a video of every camera, or a table of candidates.")
    rig = read_calibration(request.calibration)
    skeleton = (
        Skeleton.quantum_dot_mouse()
        if request.skeleton is None
        else read_skeleton(request.skeleton)
    )
    videos = _by_camera(request.videos, rig, "video")
    dots = _by_camera(request.fluorescence, rig, "fluorescence video")
    infos: dict[Path, VideoInfo] = {}
    paths = [*videos.values(), *dots.values()]
    for done, path in enumerate(paths):
        yield Progress(done, len(paths), f"reading {path.name}")
        infos[path] = probe(path)
    config = _config(request, rig, videos, dots, infos)
    project = Project.create(request.folder, config, rig, skeleton)
    if request.candidates is not None:
        import_candidates(project, request.candidates)
    yield Progress(1, 1, "made")
    return project


def import_candidates(project: Project, path: Path) -> int:
    """Take candidates from a table instead of detecting them; return how many.

    Raises
    ------
    TableError
        If the table does not fit the project, or holds no candidate.
    """
    table = read_candidates(path, project.rig, project.config.n_frames)
    if not len(table):
        raise TableError(f"{path} holds no candidates; nothing was changed.")
    with project.replacing_imported() as folders:
        write_table(folders, table, project.config.n_frames)
    return len(table)


def _by_camera(given: Mapping[str, Path], rig: Rig, what: str) -> dict[str, Path]:
    """Paths by the rig's own camera names, in the rig's order."""
    if not given:
        return {}
    matched = match_names(rig.names, tuple(given), what=what)
    return {camera: Path(given[matched[camera]]) for camera in rig.names}


def _config(
    request: NewProject,
    rig: Rig,
    videos: Mapping[str, Path],
    dots: Mapping[str, Path],
    infos: Mapping[Path, VideoInfo],
) -> ProjectConfig:
    folder = Path(request.folder)
    for camera in rig:
        for path in (videos.get(camera.name), dots.get(camera.name)):
            if path is not None:
                check_size(camera.name, camera.size, path, infos[path])
    views = {
        name: ViewConfig(
            video=relative_path(videos[name], folder) if name in videos else None,
            fluorescence=relative_path(dots[name], folder) if name in dots else None,
            size=infos[videos[name]].size if name in videos else rig[name].size,
        )
        for name in rig.names
    }
    return ProjectConfig(
        name=request.name or folder.absolute().name,
        unit=request.unit,
        fps=request.fps or _common_rate(infos),
        n_frames=_frame_count(request, rig, videos, dots, infos),
        views=views,
    )


def check_size(
    camera: str, calibrated: tuple[int, int] | None, path: Path, info: VideoInfo
) -> None:
    """Refuse a video whose pictures are not of the size at which its camera was calibrated.

    Raises
    ------
    CalibrationError
    """
    if calibrated is not None and tuple(info.size) != tuple(calibrated):
        raise CalibrationError(
            f"Camera {camera!r} was calibrated at {calibrated[0]}x{calibrated[1]} pixels, "
            f"but {path} has {info.size[0]}x{info.size[1]}."
        )


def _frame_count(
    request: NewProject,
    rig: Rig,
    videos: Mapping[str, Path],
    dots: Mapping[str, Path],
    infos: Mapping[Path, VideoInfo],
) -> int:
    if not infos:
        assert request.candidates is not None
        table = read_candidates(request.candidates, rig)
        if not len(table):
            raise ProjectError(f"{request.candidates} holds no candidates.")
        return int(table.frame.max()) + 1
    counts = {infos[path].n_frames for path in infos}
    if len(counts) > 1 and not request.shortest:
        listed = [
            f"{path.name} {infos[path].n_frames}" for path in (*videos.values(), *dots.values())
        ]
        raise VideoError(
            f"The videos do not have the same number of frames ({', '.join(listed)}): "
            "mend the recording, or use what all of them have with --shortest."
        )
    return min(counts)


def _common_rate(infos: Mapping[Path, VideoInfo]) -> float | None:
    rates = sorted(info.fps for info in infos.values() if info.fps)
    return rates[len(rates) // 2] if rates else None
