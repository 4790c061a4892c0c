"""Say how far a project is."""

import argparse

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "status"
HELP = "say how far a project is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.status import project_status

    with Project(args.project, writable=False) as project:
        status = project_status(project)
    output.result(status.to_dict())
    output.table(status.rows(), ("", ""))
    output.say(f"Next: {status.next_step}")
    return 0
