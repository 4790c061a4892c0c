"""The three mice as a behaviour folder of one's own, made once and found again."""

from pathlib import Path

from napari_behaviorvlm.io.samples import sample_home, three_mice
from napari_behaviorvlm.workflows.behavior.sources import Sources

NAME = "three_mice.behavior"


def sample_sources(home: Path | None = None) -> Sources:
    """Say what to open for the three mice: their video, from pixels alone.

    Parameters
    ----------
    home : Path, optional
        Where the behaviour folder lies; `sample_home` by default.

    Raises
    ------
    ProjectError
        If the sample is not installed.
    """
    sample = three_mice()
    folder = (sample_home() if home is None else home) / NAME
    return Sources((sample.video,), folder=folder, animals=sample.n_animals)
