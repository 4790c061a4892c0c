"""What people do to bouts: pure functions that take bouts and give bouts.

Everything a person touched has the source "human" and is never overwritten by computing again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from napari_behaviorvlm.core.bouts import UNTRACKED, Bout
from napari_behaviorvlm.core.errors import TableError

HUMAN = "human"

Edge = Literal["start", "end"]
Span = tuple[int, int]
"""First and last frame."""


def relabelled(bout: Bout, label: str) -> Bout:
    """Give a bout another name, as a person does."""
    return replace(bout, label=named(label), source=HUMAN, confidence=1.0)


def described(bout: Bout, description: str) -> Bout:
    """Give a bout other words."""
    return replace(bout, description=description.strip(), source=HUMAN)


def accepted(bout: Bout) -> Bout:
    """Take a bout for true as it stands."""
    return replace(bout, source=HUMAN, confidence=1.0)


def split(bout: Bout, frame: int, spans: Mapping[int, Span] | None = None) -> tuple[Bout, Bout]:
    """Cut a bout in two.

    Parameters
    ----------
    bout : Bout
    frame : int
        First frame of the second part.
    spans : mapping of int to (first, last), optional
        Frames of the clips it was made from; each goes to the parts that it reaches into.

    Raises
    ------
    TableError
        If a part would have no frame.
    """
    if not bout.start_frame < frame <= bout.end_frame:
        raise TableError(
            f"{in_words(bout)} cannot be split at frame {frame}: choose a frame from "
            f"{bout.start_frame + 1} to {bout.end_frame}."
        )
    first = replace(bout, end_frame=frame - 1, source=HUMAN)
    second = replace(bout, start_frame=frame, source=HUMAN, id=0)
    return _fitted(first, spans), _fitted(second, spans)


def merged(bouts: Sequence[Bout], label: str = "") -> Bout:
    """Make one bout of several of one animal; it keeps the number of the first.

    Parameters
    ----------
    bouts : sequence of Bout
        In any order; frames between them become part of the result.
    label : str, optional
        By default the label that most frames have.

    Raises
    ------
    TableError
        If there are fewer than two, or they are of several animals.
    """
    ordered = sorted(bouts, key=lambda bout: (bout.start_frame, bout.end_frame))
    if len(ordered) < 2:
        raise TableError("Choose at least two bouts to merge.")
    if len({bout.animal for bout in ordered}) > 1:
        raise TableError("Bouts of different animals cannot be merged.")
    name = label.strip() or _longest(ordered)
    told = [bout.description for bout in ordered if bout.label == name and bout.description]
    clusters = {bout.cluster for bout in ordered}
    return replace(
        ordered[0], end_frame=max(bout.end_frame for bout in ordered), label=name,
        description=max(told, key=len, default=""), source=HUMAN, confidence=1.0,
        cluster=clusters.pop() if len(clusters) == 1 else UNTRACKED,
        clips=tuple(sorted({clip for bout in ordered for clip in bout.clips})),
    )  # fmt: skip


def moved_edge(
    bout: Bout, edge: Edge, frame: int, neighbours: Iterable[Bout] = (), n_frames: int | None = None
) -> list[tuple[Bout, Bout]]:
    """Move the start or the end of a bout; what lies in the way is trimmed.

    A neighbour that touched the edge follows it, so that no gap opens between them.

    Parameters
    ----------
    bout : Bout
    edge : {"start", "end"}
    frame : int
        New first or last frame.
    neighbours : iterable of Bout
        Others of the same animal that reach into the frames between the old edge and the new one,
        or touch the bout there. Those that overlapped it before stay as they are.
    n_frames : int, optional
        Length of the recording.

    Returns
    -------
    list of (before, after)
        The bout first.

    Raises
    ------
    TableError
        If the bout would have no frame, would leave the recording, or would swallow a neighbour.
    """
    outside = frame < 0 or (n_frames is not None and frame >= n_frames)
    turned = frame > bout.end_frame if edge == "start" else frame < bout.start_frame
    if outside or turned:
        raise TableError(f"The {edge} of {in_words(bout)} cannot be moved to frame {frame}.")
    start, end = (frame, bout.end_frame) if edge == "start" else (bout.start_frame, frame)
    changes = [(bout, replace(bout, start_frame=start, end_frame=end, source=HUMAN))]
    for other in neighbours:
        if other.id == bout.id or _overlap(other, bout):
            continue
        trimmed = _trimmed(other, bout, edge, frame)
        if trimmed is not None and trimmed != other:
            changes.append((other, trimmed))
    return changes


def around(bout: Bout, taken: Iterable[Span]) -> list[Bout]:
    """Return what is left of a bout outside of stretches that are taken.

    Parameters
    ----------
    bout : Bout
    taken : iterable of (first, last)
        In order of their start; may overlap.
    """
    left, start = [], bout.start_frame
    for first, last in taken:
        if last < start:
            continue
        if first > bout.end_frame:
            break
        if first > start:
            left.append(replace(bout, start_frame=start, end_frame=first - 1))
        start = max(start, last + 1)
    if start <= bout.end_frame:
        left.append(replace(bout, start_frame=start))
    return left


def fitted_clips(bout: Bout, spans: Mapping[int, Span]) -> tuple[int, ...]:
    """Clips of a bout that reach into it."""
    return tuple(
        clip for clip in bout.clips
        if clip in spans and spans[clip][0] <= bout.end_frame and spans[clip][1] >= bout.start_frame
    )  # fmt: skip


def named(label: str) -> str:
    """Return a label as it is kept; `TableError` where it says nothing."""
    name = " ".join(label.split())
    if not name:
        raise TableError("A behaviour needs a name of at least one letter.")
    return name


def in_words(bout: Bout) -> str:
    """Name a bout in a sentence."""
    return f"{bout.label or 'The bout'} of {bout.animal} from frame {bout.start_frame}"


def _longest(bouts: Sequence[Bout]) -> str:
    use: dict[str, int] = {}
    for bout in bouts:
        use[bout.label] = use.get(bout.label, 0) + bout.n_frames
    return max(use, key=lambda label: use[label])


def _fitted(bout: Bout, spans: Mapping[int, Span] | None) -> Bout:
    return bout if spans is None else replace(bout, clips=fitted_clips(bout, spans))


def _overlap(one: Bout, other: Bout) -> bool:
    return one.start_frame <= other.end_frame and other.start_frame <= one.end_frame


def _trimmed(other: Bout, bout: Bout, edge: Edge, frame: int) -> Bout | None:
    """Neighbour on the side of the edge after the edge has moved; None where it is not touched."""
    if edge == "end":
        follows = other.start_frame == bout.end_frame + 1
        in_the_way = bout.end_frame < other.start_frame <= frame
        if not (follows or in_the_way):
            return None
        swallowed, change = frame >= other.end_frame, {"start_frame": frame + 1}
    else:
        follows = other.end_frame == bout.start_frame - 1
        in_the_way = frame <= other.end_frame < bout.start_frame
        if not (follows or in_the_way):
            return None
        swallowed, change = frame <= other.start_frame, {"end_frame": frame - 1}
    if swallowed:
        raise TableError(
            f"{in_words(other)} would be left without a frame: delete it or merge the two instead."
        )
    return replace(other, **change, source=HUMAN)  # type: ignore[arg-type]
