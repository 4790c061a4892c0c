"""Give every clip a caption.

measured: a sentence computed from the animal's track; no model, no network. model: a
vision-language model is shown frames of each clip with the animal marked and its measured numbers;
every answer is kept, so that the same command goes on where it was stopped and repeats no call.
Captions that people wrote stay.
"""

import argparse

from napari_behaviorvlm.cli.commands.behavior_group.shared import (
    add_captioning,
    add_folder,
    add_words,
    say_notes,
    words_request,
)
from napari_behaviorvlm.cli.output import Output

NAME = "caption"
HELP = "give every clip a caption"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)
    add_captioning(parser)
    add_words(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.captions import caption
    from napari_behaviorvlm.workflows.behavior.plan import plan_words
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    place = find_folder(args.path)
    if args.dry_run:
        with BehaviorFolder.open(place, writable=False) as folder:
            plan = plan_words(folder, words_request(args, folder), ("caption",))
        output.result(vars(plan))
        output.say(plan.sentence)
        return 0
    with BehaviorFolder.open(place) as folder:
        summary = output.follow(caption(folder, words_request(args, folder)), "Captions")
    output.result(summary.to_dict())
    output.say(summary.sentence)
    say_notes(output, summary.notes)
    return 0
