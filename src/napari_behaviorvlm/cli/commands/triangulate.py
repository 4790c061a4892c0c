"""Triangulate the current labels again.

`label` and every edit do this by themselves; it is needed after the calibration was exchanged.
"""

import argparse

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "triangulate"
HELP = "3D points and errors of the current labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.triangulate import triangulate_project

    with Project(args.project) as project:
        report = output.follow(triangulate_project(project), "Triangulating")
    output.result(vars(report))
    output.say(f"{report.points} points; reprojection error median {report.median_error:.2f} px, "
               f"95th percentile {report.p95_error:.2f} px.")  # fmt: skip
    output.table(list(report.cameras.items()), ("camera", "median error, px"))
    return 0
