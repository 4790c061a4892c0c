"""Decide which candidate is which keypoint, triangulate, and doubt the result.

geometric: identities from the seeds, the geometry of the views, anatomy and time. No network, no
key; it is not a vision-language model.

paper: a vision-language model is shown each frame with numbered dots and the last three solved
frames as examples; it finds the body regions, names the dots of each, settles contradictions, and
labels far from the 3D point of the other views are assigned anew (Ke et al., arXiv 2603.12176).
Every answer is kept: interrupted or stopped by the budget, the same command goes on where it was
and repeats no call. With --batch all frames are asked at once through Message Batches, at half
price and within hours: each with the seed frames as its examples instead of the frames before it.
Run the same command again to collect answers and hand in the next of the three steps.

fused: geometry first; then a model is shown single regions of single frames, only where geometry
is in doubt and an answer would change most, and what it says counts as much as its answers about
the seed frames have proved worth. Far fewer calls than paper, at most --calls-per-frame. Where the
budget ends or no model can be reached, geometry's names stay.

Decisions of people are never changed.
"""

import argparse

from napari_behaviorvlm.cli.arguments import (
    UsageError,
    add_frames,
    add_model,
    add_projects,
    add_spreading,
    amount,
    model_settings,
    open_projects,
    several,
)
from napari_behaviorvlm.cli.output import Output

NAME = "label"
HELP = "decide which candidate is which keypoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_projects(parser)
    parser.add_argument(
        "--strategy",
        choices=("geometric", "paper", "fused"),
        default="geometric",
        help="how identities are decided (default geometric)",
    )
    add_frames(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done and what it would cost"
    )
    add_spreading(parser, "processes (default 1); with --strategy geometric")
    add_model(parser)
    group = parser.add_argument_group("steps of --strategy paper")
    group.add_argument(
        "--no-regions", action="store_true", help="ask for all keypoints at once, without crops"
    )
    group.add_argument(
        "--no-3d", action="store_true", help="leave labels as the model said, however far apart"
    )
    group.add_argument(
        "--batch", action="store_true", help="hand everything in as batches and come back later"
    )
    group.add_argument(
        "--wait", action="store_true", help="with --batch: wait until the batches are done"
    )
    fused = parser.add_argument_group("--strategy fused")
    fused.add_argument(
        "--calls-per-frame", metavar="N", type=amount, default=3.0,
        help="ask at most so many questions per frame of the recording (default 3)",
    )  # fmt: skip


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.label import LabelRequest, label_all, plan

    _check_steps(args)
    request = LabelRequest(
        strategy=args.strategy, span=args.frames,
        model=model_settings(args) if args.strategy != "geometric" else None,
        regions=not args.no_regions, refine=not args.no_3d, batch=args.batch, wait=args.wait,
        calls_per_frame=args.calls_per_frame, scheduler=args.scheduler, processes=args.jobs or 1,
    )  # fmt: skip
    with open_projects(args.projects, writable=not args.dry_run) as projects:
        if args.dry_run:
            planned = [plan(project, request) for project in projects]
            output.result(several(args.projects, [vars(each) for each in planned]))
            output.of_each(args.projects, [each.sentence for each in planned])
            return 0
        reports = output.follow(label_all(projects, request), "Labelling")
    output.result(several(args.projects, [vars(report) for report in reports]))
    output.of_each(args.projects, [report.sentence for report in reports])
    for report in reports:
        for note in report.notes:
            output.warn(note)
    return 0


def _check_steps(args: argparse.Namespace) -> None:
    """Refuse what a strategy would silently leave out: batches are half the price."""
    for option, given in (
        ("--batch", args.batch), ("--wait", args.wait),
        ("--no-regions", args.no_regions), ("--no-3d", args.no_3d),
    ):  # fmt: skip
        if given and args.strategy != "paper":
            raise UsageError(f"{option} goes with --strategy paper, not with {args.strategy}.")
    if (args.scheduler or args.jobs) and args.strategy != "geometric":
        option = "--scheduler" if args.scheduler else "--jobs"
        raise UsageError(f"{option} goes with --strategy geometric; models are asked from here.")
    if args.wait and not args.batch:
        raise UsageError("--wait goes with --batch.")
