"""Arguments that the behaviour commands share, and what they make of them."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_behaviorvlm.cli.arguments import (
    above_zero,
    add_model,
    amount,
    model_settings,
    positive,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_behaviorvlm.cli.output import Output
    from napari_behaviorvlm.core.progress import Progress
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.request import (
        CaptionSummary,
        MergeSummary,
        WordsRequest,
    )
    from napari_behaviorvlm.workflows.behavior.segmenting import SegmentReport, SegmentRequest
    from napari_behaviorvlm.workflows.behavior.sources import Sources

    Summary = CaptionSummary | MergeSummary
    WordsWork = Callable[[BehaviorFolder, WordsRequest], Generator[Progress, None, Summary]]

METHODS = ("dec", "kmeans", "gmm", "hdbscan", "umap+gmm")


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add what is to be analysed; see `sources_of`."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="videos (or folders of images), one labelling project, or one behaviour folder",
    )
    group = parser.add_argument_group("recordings")
    group.add_argument(
        "--poses",
        metavar="FILE",
        type=Path,
        nargs="+",
        default=[],
        help="poses of each video, in order: DeepLabCut .csv or .h5, SLEAP .slp or .h5, or csv of "
        "this program; without any, animals are followed by their pixels",
    )
    group.add_argument(
        "--project",
        metavar="DIR",
        type=Path,
        help="behaviour folder (default: <video>.behavior beside the first video)",
    )
    group.add_argument(
        "--animals",
        metavar="N",
        type=positive,
        help="animals in each video (default: as in the poses, else 1)",
    )
    group.add_argument("--names", metavar="NAME", nargs="+", default=[], help="of the animals")
    group.add_argument(
        "--views",
        metavar="CAM",
        nargs="+",
        default=[],
        help="cameras of a labelling project (default: its first)",
    )
    group.add_argument(
        "--fps",
        type=above_zero,
        help="frames per second of a folder of images, or of a video that tells a wrong number",
    )
    group.add_argument(
        "--scale",
        metavar="PIXELS",
        type=above_zero,
        help="pixels per centimetre, for speeds and distances in captions",
    )


def sources_of(args: argparse.Namespace) -> "Sources":
    """Read the arguments of `add_sources`."""
    from napari_behaviorvlm.workflows.behavior.sources import Sources

    return Sources(
        tuple(args.paths),
        tuple(args.poses),
        args.project,
        args.animals,
        tuple(args.names),
        tuple(args.views),
        args.fps,
        args.scale,
    )


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the behaviour folder that is there already."""
    parser.add_argument(
        "path",
        metavar="PATH",
        type=Path,
        help="behaviour folder, or the video or labelling project that it belongs to",
    )


def add_segmenting(parser: argparse.ArgumentParser) -> None:
    """Add how clips are found; see `segment_request`."""
    group = parser.add_argument_group("clips")
    group.add_argument("--k", metavar="K", type=positive, help="clusters (default 10 per animal)")
    group.add_argument(
        "--method",
        choices=METHODS,
        help="how moments are clustered (default dec, deep embedded clustering)",
    )
    group.add_argument(
        "--features",
        choices=("auto", "poses", "pixels", "both"),
        help="what moments are compared by (default: all that every recording has)",
    )
    group.add_argument(
        "--seed",
        metavar="N",
        type=int,
        help="of all random choices; the same input gives the same result",
    )
    group.add_argument(
        "--encoder",
        metavar="FILE",
        type=Path,
        help="weights of an image network on this machine, as further features",
    )
    group.add_argument(
        "--clusters",
        metavar="FOLDER",
        type=Path,
        help="use the clusters of another behaviour folder instead of making new ones",
    )
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where networks are trained (default: a GPU if there is one)",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler that the videos are spread over; 'local' starts one",
    )
    group.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        default=1,
        help="videos worked on at the same time on this machine (default 1)",
    )


def segment_request(args: argparse.Namespace, folder: "BehaviorFolder") -> "SegmentRequest":
    """Read the arguments of `add_segmenting`; what is not given is as it was last."""
    from napari_behaviorvlm.workflows.behavior.last_run import last_segment

    given = {
        "method": args.method,
        "n_clusters": args.k,
        "features": args.features,
        "seed": args.seed,
        "encoder": args.encoder,
        "known": _clusters(args.clusters),
    }
    last = last_segment(folder)
    if args.method is not None or args.k is not None:  # new clusters are wanted
        last = replace(last, known=None)
    given = {name: value for name, value in given.items() if value is not None}
    return replace(last, device=args.device, **given)


def _clusters(place: Path | None) -> Path | None:
    """Model of a behaviour folder, or a model itself."""
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.segmentation.embedding import model_folder

    if place is None or not BehaviorFolder.is_one(place):
        return place
    with BehaviorFolder.open(place, writable=False) as folder:
        return model_folder(folder)


def add_captioning(parser: argparse.ArgumentParser) -> None:
    """Add who captions clips."""
    group = parser.add_argument_group("captions")
    group.add_argument(
        "--captioner",
        choices=("measured", "model"),
        help="computed from the tracks, or by a vision-language model (default measured)",
    )
    group.add_argument(
        "--batch",
        action="store_true",
        help="ask about all clips through batches and come back later, at half price",
    )
    group.add_argument("--wait", action="store_true", help="with --batch: wait until it is done")


def add_merging(parser: argparse.ArgumentParser) -> None:
    """Add who merges clips."""
    group = parser.add_argument_group("events")
    group.add_argument(
        "--merge",
        choices=("rule", "model"),
        help="join clips of the same label, or let a language model do it (default rule)",
    )
    group.add_argument(
        "--absorb",
        metavar="SECONDS",
        type=amount,
        help="what lasts shorter between two stretches of one behaviour becomes "
        "part of it (default 0)",
    )


def add_words(parser: argparse.ArgumentParser) -> None:
    """Add what captions and events have in common; see `words_request`."""
    group = parser.add_argument_group("words")
    group.add_argument(
        "--vocabulary",
        metavar="FILE",
        type=Path,
        help="the lab's behaviours: TOML with [[behavior]] name, definition, "
        "synonyms; kept in the behaviour folder",
    )
    group.add_argument("--language", help="in which a model writes (default English)")
    group.add_argument(
        "--dry-run", action="store_true", help="only say what asking the model would cost"
    )
    add_model(parser, "with --captioner model or --merge model")


def words_request(args: argparse.Namespace, folder: "BehaviorFolder") -> "WordsRequest":
    """Read the arguments of `add_captioning`, `add_merging` and `add_words`.

    What is not given is as it was last; so is the model, unless another is named.
    """
    from napari_behaviorvlm.workflows.behavior.last_run import last_words

    last = last_words(folder)
    names = ("captioner", "merge", "language", "absorb")
    given = {name: getattr(args, name, None) for name in names}
    request = replace(
        last,
        **{name: value for name, value in given.items() if value is not None},
        vocabulary=args.vocabulary,
        batch=getattr(args, "batch", False),
        wait=getattr(args, "wait", False),
    )
    if "model" not in {request.captioner, request.merge}:
        return replace(request, model=None)
    model = model_settings(args)
    if last.model is not None and not (model.base_url or model.model):
        model = replace(model, base_url=last.model.base_url, model=last.model.model)
    return replace(request, model=model)


def say_notes(output: "Output", notes: tuple[str, ...]) -> None:
    """Say what a user should know besides."""
    for note in notes:
        output.warn(note)


def say_assumed(
    output: "Output",
    args: argparse.Namespace,
    folder: "BehaviorFolder",
    report: "SegmentReport | None",
) -> None:
    """Say that one animal was taken for granted, when animals were followed just now."""
    if args.animals is not None or report is None:
        return
    alone = [one.name for one in folder.recordings if one.poses is None and one.n_animals == 1]
    if any(f"bodies of {name}" in report.computed for name in alone):
        output.warn("One animal was followed in each video: say --animals N if there are more.")


def find_words(
    args: argparse.Namespace,
    output: "Output",
    work: "WordsWork",
    step: str,
    title: str,
) -> int:
    """Caption or merge, or say what it would cost.

    Parameters
    ----------
    args : argparse.Namespace
        Of `add_folder` and `words_request`.
    output : Output
    work : callable
        `captions.caption` or `events.merge`.
    step : str
        Its name in the plan.
    title : str
        What its progress is called.
    """
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
    from napari_behaviorvlm.workflows.behavior.plan import plan_words
    from napari_behaviorvlm.workflows.behavior.sources import find_folder

    place = find_folder(args.path)
    if args.dry_run:
        with BehaviorFolder.open(place, writable=False) as folder:
            plan = plan_words(folder, words_request(args, folder), (step,))
        output.result(vars(plan))
        output.say(plan.sentence)
        return 0
    with BehaviorFolder.open(place) as folder:
        summary = output.follow(work(folder, words_request(args, folder)), title)
    output.result(summary.to_dict())
    output.say(summary.sentence)
    say_notes(output, summary.notes)
    return 0
