"""List the labels to look at, most mistakes for the time first, and why.

With --accept unflagged, every label without a flag is accepted; the journal says by which rule.
"""

import argparse

from napari_behaviorvlm.cli.arguments import add_project, count
from napari_behaviorvlm.cli.output import Output

NAME = "review"
HELP = "the labels to look at first, and why"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument(
        "--top", type=count, default=20, metavar="N", help="how many to list (default 20)"
    )
    parser.add_argument(
        "--accept", choices=("unflagged",), help="accept every label that has no flag"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.review import accept_unflagged, review

    accepted = 0
    if args.accept:
        with Project(args.project) as project:
            accepted = accept_unflagged(project)
        output.say(f"Accepted {accepted} labels that have no flag.")
    with Project(args.project, writable=False) as project:
        listing = review(project, top=args.top)
    output.result({"accepted": accepted, **listing.to_dict()})
    output.say(listing.headline)
    output.table(
        [(item.frame, item.keypoint, item.camera or "-", item.error, item.reason)
         for item in listing.items],
        ("frame", "keypoint", "camera", "error px", "why"),
    )  # fmt: skip
    return 0
