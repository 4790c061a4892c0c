"""Write events for other tools.

csv: one row per event (animal, first and last frame, label, description, cluster, confidence,
source). With several recordings OUT is a folder that gets one file for each.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.commands.behavior_group.shared import add_folder
from napari_behaviorvlm.cli.output import Output

NAME = "export"
HELP = "write events as tables"
FORMATS = ("csv",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("out", metavar="OUT", type=Path, help="file, or folder for several")


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.exporting import export_behavior
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    with BehaviorFolder.open(find_folder(args.path), writable=False) as folder:
        files = export_behavior(folder, args.format, args.out)
    output.result({"files": files})
    for file in files:
        output.say(f"Wrote {file}")
    return 0
