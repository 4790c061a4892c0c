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
    find_words,
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
    from napari_behaviorvlm.workflows.behavior.events import merge

    return find_words(args, output, merge, "merge", "Events")
