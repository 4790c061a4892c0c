"""Join adjacent clips to events, with one name per behaviour over all animals and videos.

rule: clips of the same label belong together. model: a language model reads the captions in order;
what it loses or disorders is merged by the rule. Clips stay, so that merging can be undone, and
events that people made or changed stay as they are.
"""

import argparse

from napari_behaviorvlm.cli.commands.behavior_group.shared import (
    add_folder,
    add_merging,
    add_words,
    say_notes,
    words_request,
)
from napari_behaviorvlm.cli.output import Output

NAME = "merge"
HELP = "join clips to named events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)
    add_merging(parser)
    add_words(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.events import merge
    from napari_behaviorvlm.workflows.behavior.plan import plan_words
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    place = find_folder(args.path)
    if args.dry_run:
        with BehaviorFolder.open(place, writable=False) as folder:
            plan = plan_words(folder, words_request(args, folder), ("merge",))
        output.result(vars(plan))
        output.say(plan.sentence)
        return 0
    with BehaviorFolder.open(place) as folder:
        summary = output.follow(merge(folder, words_request(args, folder)), "Events")
    output.result(summary.to_dict())
    output.say(summary.sentence)
    say_notes(output, summary.notes)
    return 0
