"""Write labels for other tools.

Training sets hold accepted labels only, unless --only all is given. Nothing is overwritten that
another person labelled.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import add_project, moment, positive
from napari_behaviorvlm.cli.output import Output

NAME = "export"
HELP = "write labels for DeepLabCut, SLEAP, Lightning Pose, COCO, NWB, anipose, or as tables"
FORMATS = (
    "dlc", "sleap", "sleap-pkg", "lightning-pose", "coco", "nwb", "csv", "parquet", "anipose",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write to")
    parser.add_argument(
        "--only",
        choices=("accepted", "all"),
        help="which labels (default: accepted for training sets, all for tables)",
    )
    parser.add_argument(
        "--every",
        type=positive,
        default=1,
        metavar="N",
        help="only every N-th frame, and all that were labelled by hand",
    )
    parser.add_argument("--scorer", default="", help="whose labels they are (default: login name)")
    parser.add_argument(
        "--session-start",
        type=moment,
        metavar="TIME",
        help="when the recording began, like 2026-05-01T14:30 (for nwb; default: the files' time)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.export import export_project

    with Project(args.project, writable=False) as project:
        steps = export_project(
            project, args.format, args.out, only=args.only, scorer=args.scorer, every=args.every,
            started=args.session_start,
        )  # fmt: skip
        report = output.follow(steps, f"Writing {args.format}")
    output.result(report.as_dict())
    labels, frames = sum(report.labels.values()), max(report.frames.values(), default=0)
    output.say(f"Wrote {labels} labels in up to {frames} frames a camera to {args.out}:")
    for file in report.files:
        output.say(f"  {args.out / file}")
    for warning in report.warnings:
        output.warn(warning)
    return 0
