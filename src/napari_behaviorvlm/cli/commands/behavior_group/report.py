"""Write a page about a behaviour folder: timelines, durations, and where every name comes from.

The page needs no network and can be passed on with its folder.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.commands.behavior_group.shared import add_folder
from napari_behaviorvlm.cli.output import Output

NAME = "report"
HELP = "a page with timelines and pictures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)
    parser.add_argument(
        "out", metavar="OUT", type=Path, nargs="?", help="folder (default: report, in PATH)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.reporting import report_behavior
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    with BehaviorFolder.open(find_folder(args.path), writable=False) as folder:
        page = output.follow(report_behavior(folder, args.out), "Report")
    output.result({"report": page})
    output.say(f"Wrote {page}; open it in a browser.")
    return 0
