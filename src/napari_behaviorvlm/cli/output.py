"""What a command shows: text or one JSON object on stdout, progress on stderr."""

import json
import math
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from napari_behaviorvlm.core.progress import Arrived, Counted, Progress

Result = TypeVar("Result")


class Output:
    """Where commands say things.

    Parameters
    ----------
    json_mode : bool
        Print one JSON object at the end and no text.
    quiet : bool
        Show no progress.
    """

    def __init__(self, *, json_mode: bool = False, quiet: bool = False) -> None:
        self.json_mode = json_mode
        self.quiet = quiet
        self._result: Mapping[str, object] = {}

    def say(self, text: str = "") -> None:
        """Print a line for a person."""
        if not self.json_mode:
            print(text)

    def of_each(self, folders: Sequence[Path], sentences: Sequence[str]) -> None:
        """Print a sentence per project, with its name where there are several."""
        for folder, sentence in zip(folders, sentences, strict=True):
            self.say(sentence if len(folders) == 1 else f"{folder}: {sentence}")

    def warn(self, text: str) -> None:
        """Print a line that a person must not miss, on stderr in either mode."""
        print(f"Note: {text}", file=sys.stderr)

    @staticmethod
    def fail(sentence: str) -> None:
        """Say on stderr why the command failed, in either mode."""
        print(f"behaviorvlm: {sentence}", file=sys.stderr)

    def result(self, content: Mapping[str, object]) -> None:
        """Set what ``--json`` prints."""
        self._result = content

    def flush(self) -> None:
        """Print the JSON object, in JSON mode."""
        if self.json_mode:
            print(json.dumps(_plain(self._result), ensure_ascii=False))
        sys.stdout.flush()

    def table(self, rows: Sequence[Sequence[object]], header: Sequence[str]) -> None:
        """Print a table with aligned columns, numbers to the right; an empty header is left out."""
        if self.json_mode:
            return
        cells = [[_text(value) for value in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
        numeric = [all(isinstance(row[at], (int, float)) for row in rows) and bool(rows)
                   for at in range(len(header))]  # fmt: skip
        rule = [list(header), ["-" * width for width in widths]] if any(header) else []
        for line in (*rule, *cells):
            padded = [
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(line, widths, numeric, strict=True)
            ]
            print("  ".join(padded).rstrip())

    def follow(self, steps: Generator[Progress, None, Result], title: str) -> Result:
        """Run a workflow to its end with a progress bar; return what it returns."""
        from tqdm import tqdm

        shown = sys.stderr.isatty() and not self.quiet
        size = shutil.get_terminal_size()  # terminals that call themselves 0 wide are taken for 80
        said = ""
        with closing(steps), tqdm(
            desc=title, disable=not shown, file=sys.stderr, leave=True,
            ncols=size.columns, nrows=size.lines,
            bar_format="{desc}: {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}"
                       " [{elapsed}<{remaining}]{postfix}",
        ) as bar:  # fmt: skip
            while True:
                try:
                    step = next(steps)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                if isinstance(step, Arrived):
                    continue
                bar.total = step.total or None
                bar.n = step.done
                bar.set_postfix_str(_postfix(step), refresh=False)
                bar.refresh()
                said = self._trouble(step, said, bar_shown=shown)

    def _trouble(self, step: Progress, said: str, *, bar_shown: bool) -> str:
        """Without a bar, say once why it takes long; returns what was said last."""
        waiting = step.waiting if isinstance(step, Counted) else ""
        if waiting and waiting != said and not bar_shown and not self.quiet:
            self.warn(waiting)
        return waiting or said


def _postfix(step: Progress) -> str:
    if not isinstance(step, Counted):
        return step.message
    return f"{step.counters}; {step.waiting}" if step.waiting else step.counters


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


def _plain(value: object) -> object:
    """Reduce to what JSON has; not-a-number becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
