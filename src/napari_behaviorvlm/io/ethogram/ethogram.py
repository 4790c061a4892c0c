"""What an animal does when: the bouts of one recording, as exports take them."""

from dataclasses import dataclass
from pathlib import Path

from napari_behaviorvlm.core.bouts import Bout


@dataclass(frozen=True, eq=False)
class Ethogram:
    """Bouts of one recording.

    Parameters
    ----------
    recording : str
        Name.
    bouts : tuple of Bout
        By animal, then by start.
    animals : tuple of str
        All animals of the recording, also those without a bout.
    fps : float
        Frames per second.
    n_frames : int
        Length of the recording.
    video : Path or None
    """

    recording: str
    bouts: tuple[Bout, ...]
    animals: tuple[str, ...]
    fps: float
    n_frames: int
    video: Path | None = None
