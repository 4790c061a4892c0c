"""Run everything on the sample session that comes with the program.

Six views of a rendered mouse with twelve glowing dots: project, detection, labels, review list,
DeepLabCut and SLEAP training sets, a summary and a report page with pictures.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.output import Output
from napari_behaviorvlm.cli.window import display_available, open_window

NAME = "demo"
HELP = "run everything on the sample session: start here"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path("behaviorvlm-demo"),
        help="where to put it (default ./behaviorvlm-demo)",
    )
    parser.add_argument(
        "--gui",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="open napari at the end (default: where there is a display)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.demo import run_demo

    report = output.follow(run_demo(args.folder), "Demo")
    output.result(report.to_dict())
    output.say(report.headline)
    output.table(report.rows(), ("", ""))
    output.say()
    output.table(report.places(), ("what", "where"))
    if _wants_window(args, output):
        output.say("Opening napari; close its window to come back.")
        return open_window(report.project, report.review.items[0].frame)
    return 0


def _wants_window(args: argparse.Namespace, output: Output) -> bool:
    if args.gui is not None:
        return bool(args.gui)
    return not output.json_mode and display_available()
