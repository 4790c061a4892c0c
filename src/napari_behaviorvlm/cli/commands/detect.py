"""Find the glowing dots in every view.

Safe to interrupt: run it again and only what is missing is done.
"""

import argparse

from napari_behaviorvlm.cli.arguments import above_zero, add_frames, add_project, positive
from napari_behaviorvlm.cli.output import Output

NAME = "detect"
HELP = "find the dots in every view"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    add_frames(parser)
    parser.add_argument(
        "--threshold",
        type=above_zero,
        metavar="SIGMAS",
        help="how far above the noise a dot must stand (default: see docs)",
    )
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: all cores)")
    parser.add_argument(
        "--again", action="store_true", help="drop imported candidates and detect instead"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.detect import DetectRequest, detect

    request = DetectRequest(
        span=args.frames, threshold=args.threshold, jobs=args.jobs, replace_imported=args.again
    )
    with Project(args.project) as project:
        report = output.follow(detect(project, request), "Detecting dots")
        output.result(vars(report))
        output.say(f"{report.candidates} candidates in {report.frames} frames of "
                   f"{len(project.rig)} cameras ({report.new_chunks} of {report.chunks} "
                   "pieces were new).")  # fmt: skip
    return 0
