"""Sessions of the sample's generator with other seeds: other cameras, other dots missed; no video.

The script of the mouse's motion is the same as the sample's; nothing is drawn but the dots' light.
"""

from pathlib import Path

import numpy as np
from benchmarks.identity_sessions import Session, sample_session
from sample_data.generator.dots import glow
from sample_data.generator.fluorescence import VISIBLE_LEVEL, VISIBLE_SHARE, _open_share
from sample_data.generator.session import Session as Script
from sample_data.generator.settings import SCRIPT_FRAMES, Settings
from sample_data.generator.writing import seed_frames, write_calibration, write_seeds


def generated_session(seed: int, folder: Path, frames: int = SCRIPT_FRAMES) -> Session:
    """Make the files that a session needs, unless they are there, and read them."""
    if not (folder / "seeds.csv").exists():
        _write(folder, Settings(seed=seed, frames=frames))
    return sample_session(folder, seed=seed, name=f"generator, seed {seed}")


def _write(folder: Path, settings: Settings) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    script = Script(settings)
    truths, visible = [], []
    for frame in range(settings.frames):
        field = script.field(frame)
        truth, normals = script.truth(frame, field)
        truths.append(truth)
        visible.append(_visible(script, frame, field, truth.points, normals))
    behaviour = np.array([truth.behaviour for truth in truths])
    projections = np.stack([truth.projections for truth in truths])
    np.savez_compressed(
        folder / "truth.npz", points3d=np.stack([truth.points for truth in truths]),
        projections=projections, visible=np.array(visible), behaviour=behaviour,
    )  # fmt: skip
    write_calibration(folder / "calibration.toml", script.rig)
    write_seeds(
        folder / "seeds.csv", script.rig, seed_frames(np.array(visible), behaviour),
        projections=projections, visible=np.array(visible),
        rng=np.random.default_rng([settings.seed, 5]),
    )  # fmt: skip


def _visible(script: Script, frame: int, field, points, normals) -> np.ndarray:
    """Dots that glow brightly and openly enough in each picture, shape (C, K)."""
    found = []
    for number, drawing in enumerate(script.fluorescence):
        direct = glow(script.rig.cameras[number], field, points, normals)
        _, level = drawing.light(direct, direct, script.factor[frame, number])
        width, height = drawing.camera.size
        place = direct.pixels[:, 0]
        inside = ((place > -0.5) & (place < [width - 0.5, height - 0.5])).all(1)
        lit = (level > VISIBLE_LEVEL) & (_open_share(direct) > VISIBLE_SHARE)
        found.append(inside & lit & (direct.strength.sum(1) > 0))
    return np.array(found)
