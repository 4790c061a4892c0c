"""Give the human labels of the seed frames.

The csv has the columns frame,camera,keypoint,x,y. A position is snapped to the nearest candidate
within 5 px, else kept as it is; empty x,y means that the point cannot be seen in that view.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "seed"
HELP = "give the human labels of the seed frames"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="csv")
    parser.add_argument("--author", default="", help="who labelled (default: your login name)")


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.seed import seed

    with Project(args.project) as project:
        report = seed(project, args.file, author=args.author)
    output.result(vars(report))
    output.say(
        f"{report.labels} labels in {len(report.frames)} seed frames "
        f"({', '.join(map(str, report.frames))}); {report.snapped} snapped to a candidate."
    )
    for warning in report.warnings:
        output.warn(warning)
    return 0
