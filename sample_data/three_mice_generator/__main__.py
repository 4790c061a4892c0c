"""Command line: ``python -m sample_data.three_mice_generator [FOLDER] [--seconds S]``."""

import argparse
import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
from sample_data.generator.video import GreyVideoWriter
from sample_data.three_mice_generator.behaving import BEHAVIORS
from sample_data.three_mice_generator.body import KEYPOINTS
from sample_data.three_mice_generator.picture import SIZE
from sample_data.three_mice_generator.session import ANIMALS, FPS, Session
from tqdm import tqdm

DEFAULT_FOLDER = Path(__file__).parents[1] / "three_mice"
SEED, SECONDS = 9, 60.0
CRF = 27.0

TRACKER_NOISE, TRACKER_MISSES = 1.0, 0.02
"""What stands in for a pose tracker: px of noise, share of points it misses."""


def generate(folder: Path, seconds: float = SECONDS, seed: int = SEED) -> Session:
    """Draw a recording and write all its files but the README.

    Parameters
    ----------
    folder : Path
        Made if missing; files of an earlier run are replaced.
    seconds : float
    seed : int
    """
    folder.mkdir(parents=True, exist_ok=True)
    session = Session.make(seconds, seed)
    with GreyVideoWriter(folder / "three_mice.mp4", SIZE, Fraction(FPS), CRF) as video:
        for picture in tqdm(session.pictures(), total=len(session.bodies), unit="frame"):
            video.write(picture)
    np.savez_compressed(
        folder / "truth.npz", behaviour=session.behaving.label, behaviours=np.array(BEHAVIORS),
        keypoints=session.keypoints.astype(np.float32), names=np.array(KEYPOINTS),
        animals=np.array(ANIMALS), lift=session.behaving.lift.astype(np.float16),
    )  # fmt: skip
    _write_events(folder / "events.csv", session)
    _write_poses(folder / "poses.csv", session)
    return session


def _write_events(path: Path, session: Session) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["animal", "start_frame", "end_frame", "label"])
        writer.writerows(session.events())


def _write_poses(path: Path, session: Session) -> None:
    """Write what a tracker would find, in the layout of multi-animal DeepLabCut."""
    chance = np.random.default_rng(session.seed + 2000)
    points = session.keypoints + chance.normal(0, TRACKER_NOISE, session.keypoints.shape)
    missed = chance.uniform(size=points.shape[:3]) < TRACKER_MISSES
    columns = [(animal, name, what) for animal in ANIMALS for name in KEYPOINTS
               for what in ("x", "y", "likelihood")]  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scorer", *("generator" for _ in columns)])
        for level, title in enumerate(("individuals", "bodyparts", "coords")):
            writer.writerow([title, *(column[level] for column in columns)])
        for frame in range(len(points)):
            row: list[object] = [frame]
            for at in range(len(ANIMALS)):
                for point in range(len(KEYPOINTS)):
                    x, y = points[frame, at, point]
                    row += ["", "", ""] if missed[frame, at, point] else [
                        f"{x:.1f}", f"{y:.1f}", "0.9"
                    ]  # fmt: skip
            writer.writerow(row)


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    generate(args.folder, args.seconds, args.seed)


if __name__ == "__main__":
    main()
