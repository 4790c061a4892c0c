"""`behaviorvlm`: finds the command, runs it, and turns errors into one sentence."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from napari_behaviorvlm import __version__
from napari_behaviorvlm.cli.arguments import UsageError, add_common
from napari_behaviorvlm.cli.commands import COMMANDS
from napari_behaviorvlm.cli.output import Output
from napari_behaviorvlm.core.errors import BehaviorVLMError

DESCRIPTION = """\
From six synchronised videos to trustworthy 3D keypoints and training sets.

Start with `behaviorvlm demo`. With your own recording: new, detect, seed, label, review, export.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; nothing heavy is imported."""
    parser = _Parser(
        prog="behaviorvlm",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"behaviorvlm {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        child = commands.add_parser(
            command.NAME, help=command.HELP, description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        command.add_arguments(child)
        if hasattr(command, "run"):  # a group of commands has those of its members
            add_common(child)
            child.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one per fate
    """Run one command.

    Returns
    -------
    int
        0 on success, 1 on failure, 130 when interrupted; wrong use exits with 2.
    """
    args = build_parser().parse_args(arguments)
    output = Output(json_mode=args.json, quiet=args.quiet)
    try:
        code: int = args.run(args, output)
        output.flush()
    except BehaviorVLMError as error:
        if args.debug:
            raise
        return _fail(str(error), code=2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        print("Interrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `behaviorvlm review ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail("There is not enough memory for this; use --frames to work on a part.")
    except OSError as error:
        if args.debug:
            raise
        name = f"{error.filename}: " if error.filename else ""
        return _fail(f"{name}{error.strerror or error}.")
    except Exception as error:
        if args.debug:
            raise
        return _fail(
            f"This is a mistake in the program, not yours ({type(error).__name__}: {error}); "
            "nothing that was saved is lost. Run it again with --debug and report what it prints."
        )
    return code


def _fail(sentence: str, code: int = 1) -> int:
    # Messages of libraries may have several lines.
    Output.fail(" ".join(sentence.split()))
    return code


if __name__ == "__main__":
    sys.exit(main())
