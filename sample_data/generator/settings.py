"""What a run of the generator depends on, and nothing else."""

from dataclasses import dataclass
from fractions import Fraction

NATIVE_SIZE = 1024
SCRIPT_FRAMES = 240


@dataclass(frozen=True)
class Settings:
    """A run's settings; equal settings give equal pictures.

    Parameters
    ----------
    seed : int
        Seeds cameras, noise, missed dots and specks (each by its own child sequence).
    first_frame, frames : int
        The part of the 240-frame script that is drawn.
    size : int
        Width and height of the pictures; the intrinsics scale with it.
    rate : Fraction
        Frames per second of script and files.
    """

    seed: int = 26
    first_frame: int = 0
    frames: int = SCRIPT_FRAMES
    size: int = NATIVE_SIZE
    rate: Fraction = Fraction(143, 5)

    @property
    def scale(self) -> float:
        """Pixels of this run per pixel of the native size."""
        return self.size / NATIVE_SIZE
