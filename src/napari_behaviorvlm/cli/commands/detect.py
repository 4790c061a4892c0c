"""Find the glowing dots in every view.

Safe to interrupt: run it again and only what is missing is done. With several projects they are
worked on one after the other, or, with --scheduler, all at the same time.
"""

import argparse

from napari_behaviorvlm.cli.arguments import (
    above_zero,
    add_frames,
    add_projects,
    add_spreading,
    open_projects,
    several,
)
from napari_behaviorvlm.cli.output import Output

NAME = "detect"
HELP = "find the dots in every view"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_projects(parser)
    add_frames(parser)
    parser.add_argument(
        "--threshold",
        type=above_zero,
        metavar="SIGMAS",
        help="how far above the noise a dot must stand (default: see docs)",
    )
    add_spreading(parser, "processes (default: all cores)")
    parser.add_argument(
        "--again", action="store_true", help="drop imported candidates and detect instead"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.detect import DetectRequest, detect_all

    request = DetectRequest(
        span=args.frames, threshold=args.threshold, jobs=args.jobs, replace_imported=args.again,
        scheduler=args.scheduler,
    )  # fmt: skip
    with open_projects(args.projects) as projects:
        reports = output.follow(detect_all(projects, request), "Detecting dots")
    output.result(several(args.projects, [vars(report) for report in reports]))
    output.of_each(args.projects, [report.sentence for report in reports])
    return 0
