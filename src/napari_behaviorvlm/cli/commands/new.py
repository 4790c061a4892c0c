r"""Make a project from a calibration and synchronised videos.

Everything is checked first: names, sizes, frame counts. Videos stay where they are.

example:
  behaviorvlm new mouse1 --calibration calibration.toml \
      --video cam0=cam0.mp4 cam1=cam1.mp4 --fluorescence cam0=qd0.mp4 cam1=qd1.mp4
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import UsageError, above_zero, add_project, named_path
from napari_behaviorvlm.cli.output import Output

NAME = "new"
HELP = "make a project from your videos and their calibration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument("--calibration", metavar="FILE", type=Path, required=True,
                        help="anipose toml, Label3D/DANNCE mat, OpenCV or JARVIS yaml (file or "
                             "folder), or a SLEAP session")  # fmt: skip
    for option, what in (
        ("--video", "the videos a person looks at (reflectance), or folders of images"),
        ("--fluorescence", "the videos in which the dots glow (default: the videos above)"),
    ):
        parser.add_argument(option, metavar="CAM=PATH", type=named_path, nargs="+",
                            action="extend", default=[], help=what)  # fmt: skip
    parser.add_argument("--candidates", metavar="FILE", type=Path,
                        help="take candidates from a table (csv or parquet); with it, videos may "
                             "be left out")  # fmt: skip
    parser.add_argument("--skeleton", metavar="FILE", type=Path,
                        help="skeleton.toml; default: the twelve-point mouse")  # fmt: skip
    parser.add_argument(
        "--unit", type=_unit, default="mm", help="unit of the calibration (default mm)"
    )
    parser.add_argument("--name", default="", help="session name (default: the folder's)")
    parser.add_argument("--fps", type=above_zero, help="frames per second (default: the videos')")
    parser.add_argument(
        "--shortest",
        action="store_true",
        help="use the frames that all videos have, if they differ in length",
    )


def _unit(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a unit of length has a name, like mm")
    return text.strip()


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.create import NewProject, create_project

    if not args.video and args.candidates is None:
        raise UsageError("Give a --video for every camera, or a table of --candidates.")
    request = NewProject(
        folder=args.project, calibration=args.calibration,
        videos=_unique(args.video, "--video"),
        fluorescence=_unique(args.fluorescence, "--fluorescence"),
        candidates=args.candidates, skeleton=args.skeleton, unit=args.unit, name=args.name,
        fps=args.fps, shortest=args.shortest,
    )  # fmt: skip
    with output.follow(create_project(request), "Checking") as project:
        config = project.config
        output.result({
            "project": str(project.folder), "cameras": list(project.rig.names),
            "frames": config.n_frames, "fps": config.fps,
            "keypoints": list(project.skeleton.keypoints),
        })  # fmt: skip
        output.say(f"Made {project.folder}: {len(project.rig)} cameras, {config.n_frames} frames, "
                   f"{len(project.skeleton)} keypoints.")  # fmt: skip
        following = "label" if project.has_imported else "detect"
        output.say(f"Next: behaviorvlm {following} {project.folder}")
    return 0


def _unique(pairs: list[tuple[str, Path]], option: str) -> dict[str, Path]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{option} names camera {twice!r} more than once.")
    return dict(pairs)
