"""What `label --dry-run` says, against what a simulated server then counts.

    python -m benchmarks.dry_run                       # both sessions, every variant, 12 frames
    python -m benchmarks.dry_run --frames 4 --sample-only

Whole projects through the same workflows as the command line, over HTTP on this machine, with
pictures drawn and encoded; each variant in a fresh copy of the project, so that nothing is known of
the model beforehand. The prices are those of claude-sonnet-4-5 (3 and 15 USD per million tokens).
How a real server counts words is not known here: the simulated one counts 3.1 bytes a token, and
pictures by Anthropic's published formula.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.identity_sessions import dannce_session
from benchmarks.paper import truth_of
from benchmarks.session_project import make_project
from simulated_vlm import ErrorModel, SimulatedServer, Truth, sample_truth

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.vlm.cost import Price
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.label import LabelRequest, label, plan
from napari_behaviorvlm.workflows.sample import make_sample_project

PRICE = Price(3.0, 15.0, 0.3, 3.75)
VARIANTS = {
    "paper": LabelRequest("paper"),
    "without 3D": LabelRequest("paper", refine=False),
    "without regions and 3D": LabelRequest("paper", regions=False, refine=False),
    "paper --batch": LabelRequest("paper", batch=True),
    "without 3D --batch": LabelRequest("paper", refine=False, batch=True),
    "no regions, no 3D --batch": LabelRequest("paper", regions=False, refine=False, batch=True),
    "fused": LabelRequest("fused"),
}
COLUMNS = ("calls", "tokens in", "tokens out", "USD")


@dataclass(frozen=True)
class Recording:
    """A project to copy, its truth, and where the frames to label begin."""

    name: str
    folder: Path
    truth: Truth
    first: int


def recordings(home: Path, data: Path, *, only_sample: bool) -> Iterator[Recording]:
    """Yield the sample, and the session made from dannce's poses if these are here."""
    (home / "sample").mkdir()
    make_sample_project(home / "sample" / "project", six_view_mouse())
    yield Recording("sample", home / "sample", sample_truth(), 40)
    if only_sample or not (data / "dannce_mouse_6cam").exists():
        return
    session = dannce_session(data, name="dannce")
    make_project(home / "dannce", session)
    yield Recording("dannce", home / "dannce", truth_of(session), 1)


def finish(steps):
    """Run a workflow to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def compare(recording: Recording, request: LabelRequest, errors: ErrorModel) -> tuple:
    """Return what was planned and what was counted: calls, tokens in, tokens out, USD."""
    copy = recording.folder.with_name(f"{recording.name}-copy")
    shutil.copytree(recording.folder, copy, copy_function=shutil.copy)
    try:
        with SimulatedServer(recording.truth, errors) as server:
            model = Settings(base_url=server.url, model="simulated", price=PRICE, concurrency=8)
            request = replace(request, model=model)
            with Project(copy / "project") as project:
                planned = plan(project, request)
                calls = [0, 0, 0, 0.0]
                for _ in range(12):  # batches: one step after the other
                    done = finish(label(project, request))
                    counted = (done.calls, done.input_tokens, done.output_tokens, done.cost_usd)
                    calls = [a + b for a, b in zip(calls, counted, strict=True)]
                    if not done.waiting:
                        break
    finally:
        shutil.rmtree(copy)
    said = planned.vlm_calls, planned.input_tokens, planned.output_tokens, planned.cost_usd
    return said, tuple(calls)


def main() -> None:
    """Print planned and counted figures side by side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--only", choices=list(VARIANTS))
    parser.add_argument("--sample-only", action="store_true")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("errors", nargs="*", metavar="NAME=VALUE", default=["benchmark"])
    given = parser.parse_args()
    print(f"simulated VLM: {' '.join(given.errors)}; {given.frames} frames; planned / counted")
    print(f"{'':34}" + "".join(f"{name:>26}" for name in COLUMNS))
    with tempfile.TemporaryDirectory() as home:
        for recording in recordings(Path(home), given.data, only_sample=given.sample_only):
            span = FrameSpan(recording.first, recording.first + given.frames)
            for name, request in VARIANTS.items():
                if given.only not in (None, name):
                    continue
                errors = ErrorModel.from_words(given.errors)
                said, counted = compare(recording, replace(request, span=span), errors)
                cells = [
                    f"{a:,.{d}f} / {b:,.{d}f} {100 * (a / b - 1) if b else 0:+6.1f}%"
                    for a, b, d in zip(said, counted, (0, 0, 0, 2), strict=True)
                ]
                title = f"{recording.name}, {name}"
                print(f"{title:34}" + "".join(f"{cell:>26}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
