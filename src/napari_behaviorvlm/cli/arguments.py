"""Arguments that several commands share."""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.frames import FrameSpan

if TYPE_CHECKING:
    from datetime import datetime

    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.vlm.session import Settings


class UsageError(BehaviorVLMError):
    """Arguments that are right by themselves but do not go together; the command exits with 2."""


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the PROJECT argument."""
    parser.add_argument("project", metavar="PROJECT", type=Path, help="project folder")


def add_projects(parser: argparse.ArgumentParser) -> None:
    """Add one or several PROJECT arguments; see `open_projects`."""
    parser.add_argument(
        "projects", metavar="PROJECT", type=Path, nargs="+", help="project folders, one or several"
    )


def add_spreading(parser: argparse.ArgumentParser, jobs: str) -> None:
    """Add ``--jobs`` and ``--scheduler``, which exclude each other.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    jobs : str
        Help of ``--jobs``.
    """
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--jobs", type=positive, metavar="N", help=jobs)
    group.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="Dask scheduler whose workers do it, all projects at the same time; 'local' starts "
        "one. They must see the same files under the same paths",
    )  # fmt: skip


@contextmanager
def open_projects(folders: Sequence[Path], *, writable: bool = True) -> "Iterator[list[Project]]":
    """Open the projects of `add_projects`.

    Raises
    ------
    UsageError
        If one is named twice.
    ProjectError
        If one cannot be opened.
    """
    from napari_behaviorvlm.io.project import Project

    twice = next((each for each in folders if list(folders).count(each) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} is named more than once.")
    with ExitStack() as stack:
        yield [stack.enter_context(Project(each, writable=writable)) for each in folders]


def several(folders: Sequence[Path], results: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return what ``--json`` prints: of one project its result, of several a list."""
    if len(folders) == 1:
        return dict(results[0])
    return {
        "projects": [
            {"project": folder, **result} for folder, result in zip(folders, results, strict=True)
        ]
    }


def add_frames(parser: argparse.ArgumentParser) -> None:
    """Add ``--frames A:B``."""
    parser.add_argument(
        "--frames", metavar="A:B", type=frame_span, default=FrameSpan(),
        help="only frames A to B-1 (frames count from 0; either end may be left out)",
    )  # fmt: skip


def frame_span(text: str) -> FrameSpan:
    """Read ``A:B``, ``A:``, ``:B`` or a single frame number."""
    start, colon, end = text.partition(":")
    try:
        first = int(start) if start else 0
        last = (int(end) if end else None) if colon else first + 1
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A:B") from None
    if first < 0 or (last is not None and last <= first):
        raise argparse.ArgumentTypeError(f"{text!r} holds no frames")
    return FrameSpan(first, last)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every command has."""
    group = parser.add_argument_group("for every command")
    group.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    group.add_argument("--debug", action="store_true", help="show where in the program it failed")
    group.add_argument("--quiet", action="store_true", help="no progress bars")


def add_model(
    parser: argparse.ArgumentParser, when: str = "with --strategy paper or fused"
) -> None:
    """Add what is needed to reach a vision-language model; see `model_settings`."""
    group = parser.add_argument_group(
        f"the vision-language model ({when})",
        "Addresses and keys are taken from ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY as Anthropic's "
        "own tools do. Local servers need no key. Keys are never written to disk or shown.",
    )
    group.add_argument(
        "--base-url", metavar="URL",
        help="address of the server (default ANTHROPIC_BASE_URL, else Anthropic's own)",
    )  # fmt: skip
    group.add_argument(
        "--model", metavar="ID", help="name of the model; a server that has only one needs none"
    )
    group.add_argument(
        "--api-key-env", metavar="NAME",
        help="environment variable that holds the key (default ANTHROPIC_API_KEY)",
    )  # fmt: skip
    group.add_argument(
        "--budget", metavar="USD", type=amount,
        help="stop before the project has cost more than this, what was spent earlier included",
    )  # fmt: skip
    group.add_argument(
        "--price", metavar="IN:OUT", type=price,
        help="USD per million tokens in and out, where it is not known (or behind a proxy)",
    )  # fmt: skip
    group.add_argument(
        "--concurrency", metavar="N", type=positive, default=4,
        help="questions asked at the same time (default 4)",
    )  # fmt: skip
    group.add_argument(
        "--rpm", metavar="N", type=positive, help="requests a minute at most (default no limit)"
    )
    group.add_argument(
        "--patience", metavar="SECONDS", type=amount, default=900.0,
        help="how long to wait for a server that is overloaded or gone (default 900)",
    )  # fmt: skip
    group.add_argument(
        "--timeout", metavar="SECONDS", type=amount, default=300.0,
        help="how long an answer may take until the server counts as hanging (default 300)",
    )  # fmt: skip


def model_settings(args: argparse.Namespace) -> "Settings":
    """Make settings of a connection from the arguments of `add_model`."""
    from napari_behaviorvlm.vlm.cost import Price
    from napari_behaviorvlm.vlm.patience import RetryPolicy
    from napari_behaviorvlm.vlm.session import Settings

    patience: float = args.patience
    policy = RetryPolicy(
        first_wait=min(1.0, patience / 20), longest_wait=min(60.0, patience / 4), patience=patience
    )
    price = None
    if args.price is not None:
        cost_in, cost_out = args.price
        price = Price(cost_in, cost_out, cost_in / 10, cost_in * 1.25)
    return Settings(
        base_url=args.base_url, model=args.model, key_env=args.api_key_env, budget=args.budget,
        price=price,
        concurrency=args.concurrency, per_minute=args.rpm, timeout=args.timeout, policy=policy,
    )  # fmt: skip


def price(text: str) -> tuple[float, float]:
    """Read ``IN:OUT``."""
    cost_in, colon, cost_out = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form IN:OUT")
    return amount(cost_in), amount(cost_out)


def amount(text: str) -> float:
    """Read an amount, zero or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount")
    return value


def above_zero(text: str) -> float:
    """Read an amount above zero."""
    value = amount(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount above zero")
    return value


def moment(text: str) -> "datetime | None":
    """Read a date and time; nothing is as if it had not been given."""
    from napari_behaviorvlm.core.errors import ExportError
    from napari_behaviorvlm.io.export.start_time import parse_start

    try:
        return parse_start(text)
    except ExportError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """Read a whole number, zero or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, zero or more")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def named_path(text: str) -> tuple[str, Path]:
    """Read ``CAM=PATH``; without ``CAM=`` the file's stem is the camera's name."""
    name, equals, path = text.partition("=")
    if not equals:
        return Path(text).stem, Path(text)
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form CAMERA=PATH")
    return name, Path(path)
