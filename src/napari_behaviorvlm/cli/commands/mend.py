"""Propose how to mend a rig that is not as it was calibrated.

Looks at the labels (seeds and everything else) for cameras that were exchanged, for cameras that
were moved (one or several: their places are estimated anew), and for one that is out of step.
Nothing is changed without --accept; the original is kept as calibration.original.toml.
"""

import argparse

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "mend"
HELP = "propose how to mend moved or exchanged cameras"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument(
        "--accept", action="store_true", help="write the proposal into the calibration"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.mend import mend_project

    with Project(args.project, writable=args.accept) as project:
        found = output.follow(mend_project(project, accept=args.accept), "Looking")
    offset, exchange = found.offset, found.exchange
    output.result({
        "moved": [
            {"camera": one.camera.name, "angle": one.angle, "distance": one.distance,
             "before_px": one.before, "after_px": one.after} for one in found.moved
        ],
        "exchanged": list(exchange.names) if exchange else [],
        "offset": {"camera": offset.name, "frames": offset.offset} if offset else None,
        "accepted": found.accepted,
    })  # fmt: skip
    output.say(found.sentence)
    return 0
