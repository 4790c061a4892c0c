"""Command line: ``python -m sample_data.generator [FOLDER] [--frames N] [--size PX]``."""

import argparse
from pathlib import Path

import numpy as np
from sample_data.generator.session import Session
from sample_data.generator.settings import SCRIPT_FRAMES, Settings
from sample_data.generator.writing import (
    SessionVideos,
    seed_frames,
    write_calibration,
    write_seeds,
    write_skeleton,
)
from tqdm import tqdm

DEFAULT_FOLDER = Path(__file__).parents[1] / "six_view_mouse"


def generate(folder: Path, settings: Settings, threads: int = 1) -> None:
    """Draw a session and write all its files but the README.

    Parameters
    ----------
    folder : Path
        Made if missing; files of an earlier run are replaced.
    settings : Settings
    threads : int
        Cameras drawn at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(settings, threads)
    videos = SessionVideos(folder, session.rig, settings)
    truths, levels, visible = [], [], []
    for truth, pictures in tqdm(session.frames(), total=settings.frames, unit="frame"):
        truths.append(truth)
        levels.append([picture.level for picture in pictures])
        visible.append([picture.visible for picture in pictures])
        for number, picture in enumerate(pictures):
            videos.write("reflectance", number, picture.reflectance)
            videos.write("fluorescence", number, picture.fluorescence)
    videos.close()
    behaviour = np.array([truth.behaviour for truth in truths])
    projections = np.stack([truth.projections for truth in truths])
    np.savez_compressed(
        folder / "truth.npz",
        points3d=np.stack([truth.points for truth in truths]),
        projections=projections,
        visible=np.array(visible),
        level=np.array(levels, dtype=np.float32),
        behaviour=behaviour,
    )
    write_calibration(folder / "calibration.toml", session.rig)
    write_skeleton(folder / "skeleton.toml")
    seeds = seed_frames(np.array(visible), behaviour)
    rng = np.random.default_rng([settings.seed, 5])
    write_seeds(
        folder / "seeds.csv",
        session.rig,
        seeds,
        projections=projections,
        visible=np.array(visible),
        rng=rng,
    )


def main() -> None:
    """Parse the command line and generate."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generator", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--first-frame", type=int, default=0)
    parser.add_argument("--frames", type=int, default=SCRIPT_FRAMES)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=Settings().seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    settings = Settings(options.seed, options.first_frame, options.frames, options.size)
    generate(options.folder, settings, options.threads)


if __name__ == "__main__":
    main()
