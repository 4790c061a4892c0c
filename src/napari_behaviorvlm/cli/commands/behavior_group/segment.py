"""Follow the animals, describe every moment, cluster, and cut clips of 1 to 5 seconds.

With poses, animals are where the poses are; without, they are found against the background and
followed. Clusters are shared by all animals and videos. Every stage is kept and done again only
where something has changed.
"""

import argparse
import shlex

from napari_behaviorvlm.cli.commands.behavior_group.shared import (
    add_segmenting,
    add_sources,
    say_assumed,
    say_notes,
    segment_request,
    sources_of,
)
from napari_behaviorvlm.cli.output import Output

NAME = "segment"
HELP = "find clips: animals, features, clusters"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_sources(parser)
    add_segmenting(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.behavior.run import segment
    from napari_behaviorvlm.workflows.behavior.sources import open_sources

    with open_sources(sources_of(args)) as folder:
        steps = segment(
            folder, segment_request(args, folder), scheduler=args.scheduler, processes=args.jobs
        )
        report = output.follow(steps, "Clips")
        output.result({"folder": folder.folder, **vars(report)})
        output.say(report.sentence)
        say_notes(output, report.notes)
        say_assumed(output, args, folder, report)
        output.say(f"Next: behaviorvlm behavior caption {shlex.quote(str(folder.folder))}")
    return 0
