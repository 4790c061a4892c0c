"""What an animal does when: one recording as exports take it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_behaviorvlm.core.bouts import Bout


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames of one animal.

    Parameters
    ----------
    animal : str
    start_frame, end_frame : int
        First and last frame; both belong to it.
    """

    animal: str
    start_frame: int
    end_frame: int


@dataclass(frozen=True, eq=False)
class Ethogram:
    """Bouts of one recording.

    A frame of an animal is in a bout, or *unlabelled* (followed, but nobody said what it does), or
    *untracked* (not followed); formats keep the last two apart wherever they can.

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
    size : (int, int) or None
        Width and height of the video, px.
    untracked : tuple of Stretch
        Where animals are not followed, by animal, then by start.
    definitions : mapping of str to str
        What the lab means by a label, where it said so.
    """

    recording: str
    bouts: tuple[Bout, ...]
    animals: tuple[str, ...]
    fps: float
    n_frames: int
    video: Path | None = None
    size: tuple[int, int] | None = None
    untracked: tuple[Stretch, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in use, in alphabetical order."""
        return tuple(sorted({bout.label for bout in self.bouts}))


Writer = Callable[[Sequence[Ethogram], Path], tuple[str, ...]]
"""Makes one file of recordings; returns what a user should know, one sentence each."""
