"""What looking at and correcting a long timeline costs, against bare redraws of the same widget.

Recordings of an hour and of ten (three animals, 20,000 and 200,000 bouts, each with its clip)
are shown 1440 x 190 pixels large. ``bare`` is the same widget at the same size, drawn anew, with
the same animals and nothing labelled; ``line`` is that widget when only the line of the current
frame moves, with the rows kept as a picture. Everything else is given in ms of processor time and
as a multiple of ``bare``; the budget of 30 frames per second is 33 ms.

    QT_QPA_PLATFORM=offscreen python benchmarks/behavior_timeline.py [--repeats 40] [--hours 1 10]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bout_edits import MoveEdge, Relabel, Split
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession, Content, Filter
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording

ANIMALS, FPS, PER_HOUR = ("A0", "A1", "A2"), 30.0, 20_000
LABELS = ("rest", "walk", "run", "rear", "groom", "approach", "chase", "huddle", "moves")
SIZE = (1440, 190)
SECONDS_SEEN = 30.0


def content(hours: float, *, labelled: bool) -> tuple[Content, list[Bout]]:
    """Bodies, clips and bouts of a recording; bouts last 1 to 5 s on average half a clip more."""
    rng = np.random.default_rng(0)
    n_frames = round(hours * 3600 * FPS)
    each = round(hours * PER_HOUR / len(ANIMALS))
    shape = (n_frames, len(ANIMALS))
    seen = np.ones(shape, bool)
    seen[: n_frames // 50, 2] = False
    centre = np.where(seen[..., None], 100.0, np.full((*shape, 2), np.nan))
    bodies = BodyTracks(ANIMALS, FPS, centre, centre + 10, centre - 10, np.full(shape, 9.0),
                        np.full(shape, 300.0), np.zeros(shape, bool))  # fmt: skip
    if not labelled:
        return Content(None, bodies), []
    edges = np.stack([
        np.concatenate([[0], np.sort(rng.choice(n_frames - 2, each - 1, replace=False)) + 1,
                        [n_frames]]) for _ in ANIMALS
    ])  # fmt: skip
    animal = np.repeat(np.arange(len(ANIMALS)), each)
    start, end = edges[:, :-1].ravel(), edges[:, 1:].ravel() - 1
    clips = Clips(ANIMALS, n_frames, FPS, animal, start, end,
                  rng.integers(0, 30, len(animal)), np.full(len(animal), 0.7))  # fmt: skip
    words = rng.integers(0, len(LABELS), len(animal))
    bouts = [
        Bout(ANIMALS[a], int(s), int(e), LABELS[w], f"{ANIMALS[a]} does {LABELS[w]}, 3.1 BL/s.",
             0, 0.6, "measured", (row,))
        for row, (a, s, e, w) in enumerate(zip(animal, start, end, words, strict=True))
    ]  # fmt: skip
    return Content(clips, bodies), bouts


@contextmanager
def session_of(place: Path, hours: float, *, labelled: bool = True) -> Iterator[BehaviorSession]:
    """Open a session on a new folder with that content."""
    found, bouts = content(hours, labelled=labelled)
    recording = Recording("long", None, n_animals=3, animals=ANIMALS, fps=FPS,
                          n_frames=len(found.bodies))  # fmt: skip
    with BehaviorFolder.create(place, [recording]) as folder:
        if found.clips is not None:
            folder.store.use_clips("long", found.clips)
        folder.store.replace_bouts("long", bouts)
        yield BehaviorSession(folder, recording, lambda *_: found)


class Bench:
    """A timeline of a session, and what is done with it."""

    def __init__(self, session: BehaviorSession, repeats: int) -> None:
        from qtpy.QtWidgets import QApplication

        from napari_behaviorvlm.gui.widgets.behavior.timeline import Timeline

        self.session, self.repeats = session, repeats
        self.timeline = Timeline(session)
        self.timeline.resize(*SIZE)
        self.timeline.show()
        for _ in range(5):  # until the window is really there
            QApplication.processEvents()
            time.sleep(0.05)
        self.rng = np.random.default_rng(1)

    def close(self) -> None:
        """Let go."""
        self.timeline.let_go()
        self.timeline.close()
        self.timeline.deleteLater()

    def frame(self) -> int:
        """Draw a frame by chance."""
        return int(self.rng.integers(self.session.n_frames // 10, self.session.n_frames * 9 // 10))

    def look(self, seconds: float | None) -> None:
        """See so many seconds somewhere, or everything."""
        self.timeline.see_all()
        if seconds is not None:
            middle = self.frame()
            self.session.go_to(middle)
            whole = self.session.n_frames / FPS
            self.timeline.zoom(seconds / whole)

    def time(self, do: Callable[[], object], *, redraw: bool = True) -> float:
        """Milliseconds of processor time of something with the redraw after it, median."""
        times = []
        for _ in range(self.repeats):
            start = time.process_time()
            do()
            if redraw:
                self.timeline.repaint()
            times.append(1e3 * (time.process_time() - start))
        return float(np.median(times))

    def redraw(self) -> float:
        """Drawing everything anew."""
        return self.time(self.timeline._redraw)

    def results(self) -> dict[str, float]:
        """Milliseconds by what is done."""
        session, timeline = self.session, self.timeline
        self.look(None)
        found = {"redraw, all seen": self.redraw()}
        found["step a frame, all seen"] = self.time(lambda: session.go_to(session.frame + 1))
        session.look_for(Filter(words="chase"))
        found["redraw with a filter, all seen"] = self.redraw()
        found["type a search"] = self.time(
            lambda: session.look_for(Filter(words="ab"[session.filter.words == "a"]))
        )
        session.look_for(Filter())
        self.look(SECONDS_SEEN)
        found["redraw, 30 s seen"] = self.redraw()
        found["step a frame, 30 s seen"] = self.time(
            lambda: session.go_to(session.frame + (1 if session.frame % 2 else -1))
        )
        found["wheel: see more or less"] = self.time(self._zoom())
        found["move by 40 px"] = self.time(lambda: timeline._see(timeline.window_.panned(40)))
        found["look under the mouse"] = self.time(
            lambda: (timeline.edge_under(700, 40), timeline.bout_under(700, 40)), redraw=False
        )
        found["choose a bout"] = self.time(self._choose)
        found["drag an edge, let go"] = self.time(lambda: self._edit("edge"))
        found["another name"] = self.time(lambda: self._edit("name"))
        found["split and undo"] = self.time(lambda: self._edit("split"))
        return found

    def _zoom(self) -> Callable[[], None]:
        turns = iter([0.8, 1.25] * self.repeats)
        return lambda: self.timeline.zoom(next(turns))

    def _choose(self) -> None:
        first, last = self.timeline.window_.first, self.timeline.window_.last
        bout = self.session.bout_at(0, int(self.rng.uniform(first, last)))
        self.session.select(bout.id)

    def _edit(self, kind: str) -> None:
        session = self.session
        row = session.events[0]
        seen = row.seen(self.timeline.window_.first, self.timeline.window_.last)
        near = [bout for bout in row.bouts[seen] if bout.n_frames > 4]
        bout = near[int(self.rng.integers(len(near)))]
        if kind == "name":
            session.apply(Relabel((bout.id,), LABELS[int(self.rng.integers(len(LABELS)))]))
        elif kind == "edge":
            session.apply(MoveEdge(bout.id, "end", bout.end_frame - 1))
        else:
            session.apply(Split(bout.id, (bout.start_frame + bout.end_frame + 1) // 2))
            session.undo()


def main() -> None:
    """Print the table."""
    from qtpy.QtWidgets import QApplication

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--hours", type=float, nargs="+", default=[1.0, 10.0])
    given = parser.parse_args()
    application = QApplication([])
    columns: dict[float, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for hours in given.hours:
            place = Path(folder) / str(hours)
            with session_of(place / "bare.behavior", hours, labelled=False) as session:
                bench = Bench(session, given.repeats)
                bare, line = bench.redraw(), bench.time(bench.timeline.update)
                bench.close()
            with session_of(place / "full.behavior", hours) as session:
                bench = Bench(session, given.repeats)
                columns[hours] = {"bare": bare, "line": line, **bench.results()}
                bench.close()
    del application
    head = "".join(f"{f'{hours:g} h, ms':>12}{'x bare':>8}" for hours in columns)
    print(f"{'':32}{head}")
    for name in next(iter(columns.values())):
        cells = "".join(
            f"{column[name]:12.2f}{column[name] / column['bare']:8.1f}"
            for column in columns.values()
        )
        print(f"{name:32}{cells}")


if __name__ == "__main__":
    main()
