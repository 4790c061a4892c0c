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
    find_words,
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
    from napari_behaviorvlm.workflows.behavior.captions import caption

    return find_words(args, output, caption, "caption", "Captions")
