"""Say how far a behaviour folder is, and what to do next."""

import argparse

from napari_behaviorvlm.cli.commands.behavior_group.shared import add_folder
from napari_behaviorvlm.cli.output import Output

NAME = "status"
HELP = "say how far a behaviour folder is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.sources import find_folder
    from napari_behaviorvlm.workflows.behavior.status import behavior_status

    with BehaviorFolder.open(find_folder(args.path), writable=False) as folder:
        status = behavior_status(folder)
    output.result(status.to_dict())
    output.table(status.rows(), status.header)
    for one in status.recordings:
        told = ", ".join(f"{label} {seconds:.1f} s" for label, seconds in one.labels.items())
        if told:
            output.say(f"{one.name}: {told}")
    if status.calls:
        output.say(f"Models were asked {status.calls} times so far, {status.cost_usd:.2f} USD.")
    output.say(f"Next: {status.next_step}")
    return 0
