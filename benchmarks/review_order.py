"""What the order of the review queue is worth, and what a correction does to the queue.

Into the labelled six-view mouse errors are planted as in `corrections.py`, and the same scripted
annotator works through the queue, once in order of worth and once in order of doubt. Time is the
keystroke-level model's; nobody was timed. Printed are

- how many wrong labels are left after some seconds, when the last planted one goes, and how long a
  wrong label stays on average;
- how many entries of the queue one correction removes: all entries that the keys and clicks at one
  point took out (Enter, which settles the point itself, included), over the points where something
  was mended.

    python -m benchmarks.review_order [--seeds 3] [--project FOLDER]
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from corrections import Annotator, make_project
from planted_errors import Planter

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.identity.live_queue import QueueOrder
from napari_behaviorvlm.io.project import Project

SECONDS = (10, 20, 30, 45, 60)
MOST_STOPS = 200


def review(folder, seed, order):
    """Plant errors and work through the queue; return (time, wrong labels left), removals, idle."""
    with Project(folder) as project:
        planter = Planter(project, seed)
        errors = planter.plant()
    session = LabellingSession.open(folder, "annotator")
    session.take(session.judge())
    annotator = Annotator(session, planter.right, errors)
    session.queue.show(sorted_by=order)

    def left():
        return sum(
            annotator.right[cell] != session.labels.candidate[cell]
            and bool(annotator.wrong(cell[0], cell[2]))
            for cell in annotator.cell_error
        )

    curve, removed, tally = [(0.0, left())], [], annotator.tally
    tally.do("Space", annotator.review.next)
    while len(session.queue) and curve[-1][1] and tally.stops < MOST_STOPS:
        tally.stops += 1
        waiting, idle = session.queue.waiting, tally.idle_stops
        annotator.stop()
        if tally.idle_stops == idle:
            removed.append(waiting - session.queue.waiting)
        curve.append((tally.modelled, left()))
    session.close()
    return np.array(curve), removed, tally.idle_stops


def describe(order, curves, removals, idle):
    """Print one line."""
    after = [
        np.mean([c[np.searchsorted(c[:, 0], s, side="right") - 1, 1] for c in curves])
        for s in SECONDS
    ]
    stays = [np.sum(np.diff(c[:, 0]) * c[:-1, 1]) / c[0, 1] for c in curves]
    print(
        f"{order.value:8s} left after {'/'.join(map(str, SECONDS))} s: "
        f"{'/'.join(f'{n:.0f}' for n in after)} of {np.mean([c[0, 1] for c in curves]):.0f}; "
        f"a wrong label stays {np.mean(stays):.1f} s; last gone after "
        f"{np.mean([c[-1, 0] for c in curves]):.0f} s; {np.mean(idle):.0f} stops with nothing to "
        f"mend; a correction removes {np.mean(np.concatenate(removals)):.1f} entries "
        f"(median {np.median(np.concatenate(removals)):.0f})"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--project", type=Path, help="a labelled six-view mouse")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        made = options.project
        if made is None:
            made = Path(temporary) / "made"
            make_project(made)
        for order in (QueueOrder.DOUBT, QueueOrder.PAYOFF):
            results = []
            for seed in range(options.seeds):
                folder = Path(temporary) / f"{order.value}{seed}"
                shutil.copytree(made, folder)
                results.append(review(folder, seed, order))
            describe(order, *zip(*results, strict=True))


if __name__ == "__main__":
    main()
