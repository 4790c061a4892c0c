"""Write a page about a project: one HTML file that needs no network.

Six views with marks, a 3D plot, errors over time, and the labels to look at first enlarged.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "report"
HELP = "a page with pictures about a project"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument("out", metavar="OUT", type=Path, nargs="?",
                        help="HTML file (default PROJECT/report.html)")  # fmt: skip


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.reporting import report_project

    with Project(args.project, writable=False) as project:
        path = report_project(project, args.out or args.project / "report.html")
    output.result({"report": str(path)})
    output.say(f"Wrote {path}; open it in a browser.")
    return 0
