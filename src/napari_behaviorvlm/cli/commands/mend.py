"""Propose how to mend a rig that is not as it was calibrated: a moved camera, one out of step.

Looks at the labels (seeds and everything else): where one camera disagrees with the points of the
others, its place is estimated anew, and shifts in time are tried. Nothing is changed without
--accept, and the original calibration is kept as calibration.original.toml.
"""

import argparse

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "mend"
HELP = "propose a new place for a moved camera"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument(
        "--accept", action="store_true", help="write the proposed place into the calibration"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.mend import mend_project

    with Project(args.project, writable=args.accept) as project:
        found = output.follow(mend_project(project, accept=args.accept), "Looking")
    pose, offset = found.pose, found.offset
    output.result({
        "camera": pose.camera.name if pose else offset.name if offset else None,
        "angle": pose.angle if pose else None, "distance": pose.distance if pose else None,
        "offset": offset.offset if offset else None, "accepted": found.accepted,
    })  # fmt: skip
    output.say(found.sentence)
    return 0
