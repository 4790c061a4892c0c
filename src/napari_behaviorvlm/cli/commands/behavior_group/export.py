"""Write events for other tools.

csv: one row per event (animal, first and last frame, label, description, cluster, confidence,
source). boris: a BORIS project. boris-csv: the table that BORIS exports. nwb: Neurodata Without
Borders with ndx-ethogram. sleap: events of sleap-io. moseq: clusters, their space, position and
heading frame by frame, as keypoint-MoSeq's results.h5.

csv, boris-csv and nwb make a file per recording: OUT is a folder where there are several. The
others make one file of all. Nothing is overwritten, unless --replace is given.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import moment
from napari_behaviorvlm.cli.commands.behavior_group.shared import add_folder
from napari_behaviorvlm.cli.output import Output

NAME = "export"
HELP = "write events for other tools"
FORMATS = ("csv", "boris", "boris-csv", "nwb", "sleap", "moseq")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("out", metavar="OUT", type=Path, help="file, or folder for several")
    parser.add_argument(
        "--level",
        choices=("events", "clips"),
        default="events",
        help="named events, or the clips that they were made from (default events)",
    )
    parser.add_argument(
        "--only",
        choices=("accepted", "all"),
        default="all",
        help="accepted: only what people made or said is right (default all)",
    )
    parser.add_argument(
        "--recordings",
        metavar="NAME",
        nargs="+",
        default=[],
        help="only these recordings (default all)",
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace files that are there already"
    )
    parser.add_argument(
        "--session-start",
        type=moment,
        metavar="TIME",
        help="when the recording began, like 2026-05-01T14:30 (for nwb and boris; default: the "
        "files' time)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.exporting import BehaviorExport, export_behavior
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    request = BehaviorExport(
        args.format,
        args.out,
        args.level,
        args.only,
        tuple(args.recordings),
        args.replace,
        args.session_start,
    )
    with BehaviorFolder.open(find_folder(args.path), writable=False) as folder:
        report = output.follow(export_behavior(folder, request), f"Writing {args.format}")
    output.result({"files": report.files, "bouts": report.bouts, "warnings": report.warnings})
    for file in report.files:
        output.say(f"Wrote {file}")
    for warning in report.warnings:
        output.warn(warning)
    return 0
