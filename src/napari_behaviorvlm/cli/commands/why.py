"""Show why a label is what it is: the pictures that the model saw, and its words.

Only for labels that a vision-language model was asked about (label --strategy paper or fused). With
fused most labels are geometry's; where one leans on an answer about another view or frame, that is
shown.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

if TYPE_CHECKING:
    from napari_behaviorvlm.workflows.why import Why

NAME = "why"
HELP = "show what a vision-language model saw and said about a label"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)
    parser.add_argument("--frame", type=int, required=True, help="frame number, from 0")
    parser.add_argument("--camera", required=True, help="name of the camera")
    parser.add_argument("--keypoint", required=True, help="name of the keypoint")
    parser.add_argument(
        "--picture", metavar="OUT.png", type=Path, help="write the marked picture that was sent"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.why import why, write_picture

    with Project(args.project, writable=False) as project:
        found = why(project, args.frame, args.camera, args.keypoint)
    output.result({"exchanges": [each.to_dict() for each in found]})
    if not found:
        output.say(
            f"No vision-language model was asked about {args.keypoint} in frame {args.frame} of "
            f"{args.camera}."
        )
        return 0
    for each in found:
        if (each.frame, each.camera) != (args.frame, args.camera):
            output.say(
                f"Not asked about this picture itself, but about camera {each.camera} in frame "
                f"{each.frame}; geometry carried the answer here:"
            )
        _say(each, output)
    if args.picture is not None:
        output.say(f"Picture: {write_picture(found, args.picture)}")
    return 0


def _say(each: "Why", output: Output) -> None:
    where = f" of the {each.region}" if each.region else ""
    again = f", asked again ({each.repair})" if each.repair else ""
    price = "" if each.cost is None else f", {each.cost:.4f} USD"
    output.say(
        f"{each.step}{where}{again}: {each.model}, {each.when}, exchange {each.exchange}{price}"
    )
    said = each.said
    if said.box is not None:
        output.say(f"  said: box {', '.join(f'{side:g}' for side in said.box)}")
    elif said.visible is False:
        output.say("  said: this region is not visible")
    elif said.candidate is None:
        output.say(f"  said: {' '.join(each.answer.split())[:300] or 'nothing'}")
    else:
        number = f"candidate {said.candidate}" if said.candidate else "not visible"
        sure = "" if said.confidence is None else f", confidence {said.confidence:g}"
        output.say(f"  said: {number}{sure}")
    if said.reason:
        output.say(f"  because: {said.reason}")
