r"""From video to named, captioned events of one or several animals.

`run` does everything; the steps can be run by themselves, and each is done only where something
has changed: segment (animals, features, clusters, clips), caption, merge. Results lie in a
behaviour folder: ``<video>.behavior`` beside the video, or ``PROJECT/behavior``. What people
changed there is never overwritten.

Examples
--------
  behaviorvlm behavior run mice.mp4 --animals 3
  behaviorvlm behavior run mice.mp4 --poses tracked.h5 --captioner model --merge model --budget 5
  behaviorvlm behavior export mice.behavior csv events.csv
"""

import argparse
from types import ModuleType

from napari_behaviorvlm.cli.arguments import add_common
from napari_behaviorvlm.cli.commands.behavior_group import (
    caption,
    export,
    merge,
    report,
    run_all,
    segment,
    status,
)

NAME = "behavior"
HELP = "videos to named events: run, segment, caption, merge, export, report, status"

MEMBERS: tuple[ModuleType, ...] = (run_all, segment, caption, merge, export, report, status)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands of the group."""
    commands = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    for member in MEMBERS:
        child = commands.add_parser(
            member.NAME, help=member.HELP, description=member.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        member.add_arguments(child)
        add_common(child)
        child.set_defaults(run=member.run)
