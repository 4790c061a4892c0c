"""Do everything: segment, caption, merge, and write a page about it.

Safe to interrupt: the same command goes on where it stopped, and does only what is missing. What
is not said is as the folder was last run.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from napari_behaviorvlm.cli.commands.behavior_group.shared import (
    add_captioning,
    add_merging,
    add_segmenting,
    add_sources,
    add_words,
    say_assumed,
    say_notes,
    segment_request,
    sources_of,
    words_request,
)
from napari_behaviorvlm.cli.output import Output

if TYPE_CHECKING:
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.run import BehaviorResult

NAME = "run"
HELP = "from video to named events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_sources(parser)
    add_segmenting(parser)
    add_captioning(parser)
    add_merging(parser)
    add_words(parser)
    parser.add_argument(
        "--no-report", action="store_true", help="write no page with timelines and pictures"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.workflows.behavior.plan import plan_words
    from napari_behaviorvlm.workflows.behavior.reporting import report_behavior
    from napari_behaviorvlm.workflows.behavior.run import (
        BehaviorRequest,
        BehaviorResult,
        segment,
        stages,
    )
    from napari_behaviorvlm.workflows.behavior.sources import open_sources

    where = {"scheduler": args.scheduler, "processes": args.jobs}
    began = time.monotonic()
    with open_sources(sources_of(args)) as folder:
        request = BehaviorRequest(
            segment_request(args, folder), words_request(args, folder), args.scheduler, args.jobs
        )
        if args.dry_run:  # clips cost nothing but time, and without them nobody can count
            output.follow(segment(folder, request.segment, **where), "Clips")
            plan = plan_words(folder, request.words)
            output.result(vars(plan))
            output.say(plan.sentence)
            return 0
        result = BehaviorResult()
        for title, start in stages(folder, request, result):
            output.follow(start(), title)
        page = None
        if not args.no_report and result.merge is not None:
            page = output.follow(report_behavior(folder, keep=True), "Report")
        took = time.monotonic() - began
        _tell(output, folder, result, took, page)
        say_assumed(output, args, folder, result.segment)
    return 0


def _tell(
    output: Output,
    folder: "BehaviorFolder",
    result: "BehaviorResult",
    took: float,
    page: Path | None,
) -> None:
    """Say what was done, how long it took and where it lies."""
    seconds = sum((one.n_frames or 0) / (one.fps or 1.0) for one in folder.recordings)
    output.result(
        {
            "folder": folder.folder,
            "video_seconds": seconds,
            "took_seconds": round(took, 2),
            "report": page,
            **result.to_dict(),
        }
    )
    for sentence in result.sentences:
        output.say(sentence)
    output.say(
        f"Took {took:.0f} s for {seconds:.0f} s of video ({took / max(seconds, 1e-9):.2f} "
        "times its length)."
    )
    say_notes(output, tuple(result.notes))
    if page is not None:
        output.say(f"Open {page} in a browser to look at it.")
    output.say(f"Everything is in {folder.folder}")
