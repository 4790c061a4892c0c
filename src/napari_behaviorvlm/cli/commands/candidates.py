"""Take candidates from a table, or write them to one.

The table has the columns frame,camera,number,x,y and, if known, intensity,size; csv or parquet by
the file's ending. Imported candidates take the place of detected ones.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import UsageError, add_frames, add_project
from napari_behaviorvlm.cli.output import Output
from napari_behaviorvlm.core.frames import FrameSpan

NAME = "candidates"
HELP = "import or export the dots as a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("import", "export"))
    add_project(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="csv or parquet")
    add_frames(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project

    if args.action == "import":
        from napari_behaviorvlm.workflows.create import import_candidates

        if args.frames != FrameSpan():
            raise UsageError("--frames goes with `candidates export` only: a table is taken whole.")
        with Project(args.project) as project:
            count = import_candidates(project, args.file)
        output.say(f"Imported {count} candidates from {args.file}.")
    else:
        from napari_behaviorvlm.io.candidate_table import write_candidates

        with Project(args.project, writable=False) as project:
            table = project.candidates().read(args.frames.within(project.config.n_frames))
            write_candidates(table, project.rig.names, args.file)
        count = len(table)
        output.say(f"Wrote {count} candidates to {args.file}.")
    output.result({"candidates": count, "file": str(args.file)})
    return 0
