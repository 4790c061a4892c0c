"""Giving a name to parts of bouts: to the clips of a cluster, or to a single clip."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from napari_behaviorvlm.core.bout_changes import Span, fitted_clips
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout


@dataclass(frozen=True, slots=True)
class Naming:
    """What the parts are to be.

    Parameters
    ----------
    label : str
    source : str
        Who says so.
    description : str or None
        None leaves the words of bouts that are renamed as a whole.
    confidence : float
    cluster : int or None
        Of all chosen clips; None leaves what the bouts have.
    """

    label: str
    source: str
    description: str | None = None
    confidence: float = 1.0
    cluster: int | None = None


def name_parts(
    bouts: Sequence[Bout], clips: Mapping[int, Span], chosen: frozenset[int], naming: Naming
) -> list[tuple[Bout | None, Bout | None]]:
    """Name those parts of one animal's bouts that were made from chosen clips.

    A bout that was also made from other clips is cut where the chosen ones begin and end, its rest
    stays as it is. Named parts that touch become one bout.

    Parameters
    ----------
    bouts : sequence of Bout
        By start; those without a chosen clip are left out.
    clips : mapping of int to (first, last)
        Frames of all clips that the bouts refer to.
    chosen : frozenset of int
        Clips to name.
    naming : Naming

    Returns
    -------
    list of (before, after)
        Bouts that change: None before = it is new, None after = it is gone.
    """
    changes: list[tuple[Bout | None, Bout | None]] = []
    last = -1  # of the named part that a following one may continue
    for bout in bouts:
        pieces = list(_pieces(bout, clips, chosen))
        if not any(named for _, named in pieces):
            continue
        numbers: list[Bout | None] = [bout, *[None] * (len(pieces) - 1)]
        gone: list[Bout] = []
        for before, (piece, named) in zip(numbers, pieces, strict=True):
            after = _named(piece, bout, naming) if named else piece
            joined = changes[last][1] if named and last >= 0 else None
            if joined is not None and joined.end_frame + 1 == after.start_frame:
                changes[last] = (changes[last][0], _joined(joined, after))
                gone += [] if before is None else [before]
                continue
            changes.append((before, replace(after, id=0 if before is None else before.id)))
            last = len(changes) - 1 if named else last
        changes += [(before, None) for before in gone]
    return [(before, after) for before, after in changes if before != after]


def _pieces(
    bout: Bout, clips: Mapping[int, Span], chosen: frozenset[int]
) -> Iterator[tuple[Bout, bool]]:
    """Parts of a bout in turn of chosen clips and of others; every frame belongs to one."""
    mine = sorted((clips[clip], clip) for clip in bout.clips if clip in clips)
    if not mine:
        yield bout, False
        return
    starts = [max(first, bout.start_frame) for (first, _), _ in mine]
    starts[0] = bout.start_frame
    stops = [*starts[1:], bout.end_frame + 1]
    runs: list[tuple[int, int, bool]] = []
    for start, stop, (_, clip) in zip(starts, stops, mine, strict=True):
        named = clip in chosen
        if stop <= start:
            continue
        if runs and runs[-1][2] == named:
            runs[-1] = (runs[-1][0], stop, named)
        else:
            runs.append((start, stop, named))
    for start, stop, named in runs:
        piece = replace(bout, start_frame=start, end_frame=stop - 1)
        yield replace(piece, clips=fitted_clips(piece, clips)), named


def _named(piece: Bout, whole: Bout, naming: Naming) -> Bout:
    words = naming.description
    if words is None:
        words = piece.description if piece.n_frames == whole.n_frames else ""
    return replace(
        piece, label=naming.label, source=naming.source, confidence=naming.confidence,
        description=words, cluster=piece.cluster if naming.cluster is None else naming.cluster,
    )  # fmt: skip


def _joined(first: Bout, second: Bout) -> Bout:
    same = first.cluster == second.cluster
    return replace(
        first, end_frame=second.end_frame, cluster=first.cluster if same else UNTRACKED,
        clips=tuple(sorted({*first.clips, *second.clips})),
        description=max(first.description, second.description, key=len),
    )  # fmt: skip


def by_animal(
    found: Iterable[tuple[str, str, int, Span]],
) -> dict[tuple[str, str], dict[int, Span]]:
    """Sort clips (recording, animal, number, frames) by recording and animal."""
    sorted_: dict[tuple[str, str], dict[int, Span]] = {}
    for recording, animal, number, span in found:
        sorted_.setdefault((recording, animal), {})[number] = span
    return sorted_
