"""Write a project's labels in the format of another tool."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import ExportReport, ExportSession, Only, export
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.images import ImageSource
from napari_behaviorvlm.workflows.person import login_name
from napari_behaviorvlm.workflows.review import project_flags, words_by_point
from napari_behaviorvlm.workflows.state import load_state


def export_project(
    project: Project, format_name: str, out: Path, *, only: Only | None = None, scorer: str = ""
) -> Generator[Progress, None, ExportReport]:
    """Write the current labels.

    Parameters
    ----------
    format_name : str
        A key of `FORMATS`.
    out : Path
        Folder to write to.
    only : {"accepted", "all"} or None
        By default the format's own choice: accepted for training sets, all for tables.
    scorer : str
        Whose labels they are; the login name where empty.

    Raises
    ------
    ExportError
        If nothing is accepted yet, or the folder holds something else.
    """
    state = load_state(project)
    with ExitStack() as stack:
        session = ExportSession(
            name=project.config.name,
            rig=project.rig,
            skeleton=project.skeleton,
            unit=project.config.unit,
            fps=project.config.fps,
            n_frames=project.config.n_frames,
            labels=state.labels,
            poses=state.poses,
            flags=words_by_point(project_flags(project, state)),
            videos=_videos(project),
            read_image=ImageSource(project, stack, project.video),
            scorer=scorer or login_name(),
        )
        return (yield from export(session, format_name, Path(out), only=only))


def _videos(project: Project) -> dict[str, Path]:
    videos = {name: project.video(name) for name in project.rig.names}
    return {name: path for name, path in videos.items() if path is not None}
