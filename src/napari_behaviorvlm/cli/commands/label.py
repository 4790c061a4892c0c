"""Decide which candidate is which keypoint, triangulate, and doubt the result.

geometric: identities from the seeds, the geometry of the views, anatomy and time. No network, no
key; it is not a vision-language model. Decisions of people are never changed.
"""

import argparse

from napari_behaviorvlm.cli.arguments import add_frames, add_project
from napari_behaviorvlm.cli.output import Output

NAME = "label"
HELP = "decide which candidate is which keypoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument(
        "--strategy",
        choices=("geometric",),
        default="geometric",
        help="how identities are decided (default geometric)",
    )
    add_frames(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done and what it would cost"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.label import LabelRequest, label, plan

    request = LabelRequest(strategy=args.strategy, span=args.frames)
    if args.dry_run:
        with Project(args.project, writable=False) as project:
            planned = plan(project, request)
        output.result(vars(planned))
        output.say(planned.sentence)
        return 0
    with Project(args.project) as project:
        report = output.follow(label(project, request), "Labelling")
    output.result(vars(report))
    output.say(report.sentence)
    return 0
