"""Format ``nwb``: Neurodata Without Borders with the ndx-ethogram extension.

A file holds one recording. Every animal has an ``EthogramBouts`` table whose labels refer to one
``Ethogram`` of the behaviours; ``observation_intervals`` say where anything was labelled, and
further tables where the animal was not followed.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram
from napari_behaviorvlm.io.export.names import unique_names
from napari_behaviorvlm.io.export.start_time import SAY_WHEN
from napari_behaviorvlm.io.settings_file import relative_path

SOFTWARE = f"napari-behaviorvlm {__version__}"

COLUMNS = (
    ("caption", "What the animal does, in a sentence."),
    ("cluster", "Cluster of the clips that the bout was made from; -1 where they are of several."),
    ("confidence", "0 to 1."),
    ("labelled_by", "Who said so: measured (rules on the tracks), vlm (a model), human, clusters."),
    ("start_frame", "First frame, counted from 0."),
    ("stop_frame", "Last frame, which belongs to the bout."),
)


def write(ethograms: Sequence[Ethogram], path: Path, place: Path) -> tuple[str, ...]:
    """Write a recording.

    Parameters
    ----------
    ethograms : sequence of Ethogram
        One.
    path : Path
    place : Path
        Where the file will be: it refers to the video from there.
    """
    from pynwb import NWBHDF5IO, NWBFile

    (ethogram,) = ethograms
    origin = ethogram.origin
    if origin is None:
        raise ExportError(
            f"No file of {ethogram.recording} tells when it was recorded, which NWB wants to know: "
            f"{SAY_WHEN}."
        )
    file = NWBFile(
        session_description=f"Behaviour of {', '.join(ethogram.animals)} in the video "
        f"{ethogram.recording}.",
        identifier=str(uuid4()),
        session_start_time=origin.began,
    )
    video = _video(ethogram, place)
    if video is not None:
        file.add_acquisition(video)
    module = file.create_processing_module("behavior", "What each animal does when.")
    catalogue = _catalogue(ethogram)
    module.add(catalogue)
    for animal, name in _names(ethogram).items():
        for table in _tables(ethogram, animal, name, catalogue, video):
            module.add(table)
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return _notes(ethogram)


def _names(ethogram: Ethogram) -> dict[str, str]:
    """Names of animals as NWB allows them: without / and :, each once."""
    animals = dict.fromkeys([*ethogram.animals, *(bout.animal for bout in ethogram.bouts)])
    plain = unique_names(re.sub(r"[/:]", "_", animal) for animal in animals)
    return dict(zip(animals, plain, strict=True))


def _catalogue(ethogram: Ethogram) -> Any:
    """Table of the behaviours."""
    from ndx_ethogram import Ethogram as Catalogue

    table = Catalogue(
        name="ethogram", description="Behaviours, as the lab's vocabulary or a caption names them.",
        exclusive=not _overlap(ethogram),
    )  # fmt: skip
    for label in ethogram.labels:
        table.add_row(behavior=label, definition=ethogram.definitions.get(label, ""),
                      behavior_type="state")  # fmt: skip
    return table


def _overlap(ethogram: Ethogram) -> bool:
    """Whether an animal ever does two things at once."""
    return any(
        later.start_frame <= earlier.end_frame
        for animal in _names(ethogram)
        for earlier, later in pairwise(ethogram.of(animal))
    )


def _tables(
    ethogram: Ethogram, animal: str, name: str, catalogue: Any, video: Any
) -> Iterator[Any]:  # fmt: skip
    bouts = ethogram.of(animal)
    gone = [(one.start_frame, one.end_frame) for one in ethogram.untracked if one.animal == animal]
    if bouts:
        labelled = _intervals(
            f"labelled_{name}", f"Where somebody said what {animal} does; outside of these nobody "
            "did.", ethogram, _union(bouts),
        )  # fmt: skip
        yield labelled
        yield _bouts(ethogram, animal, name, bouts, ethogram=catalogue,
                     observation_intervals=labelled,
                     **({} if video is None else {"source_video": video}))  # fmt: skip
    if gone:
        yield _intervals(
            f"untracked_{name}", f"Where {animal} is not followed in the video.", ethogram, gone
        )


def _bouts(
    recording: Ethogram, animal: str, name: str, bouts: Sequence[Bout], **links: Any
) -> Any:  # fmt: skip
    from ndx_ethogram import EthogramBouts

    people = sum(bout.source == HUMAN for bout in bouts)
    method = "automated" if not people else "manual" if people == len(bouts) else "curated"
    table = EthogramBouts(
        name=f"bouts_{name}", description=f"What {animal} does.", labeling_method=method,
        source_software=SOFTWARE, **links,
    )  # fmt: skip
    for column, words in COLUMNS:
        table.add_column(column, words)
    for bout in bouts:
        table.add_row(
            start_time=recording.begins(bout.start_frame),
            stop_time=recording.begins(bout.end_frame + 1), label=bout.label,
            caption=bout.description, cluster=bout.cluster, confidence=float(bout.confidence),
            labelled_by=bout.source, start_frame=bout.start_frame, stop_frame=bout.end_frame,
        )  # fmt: skip
    return table


def _union(bouts: Sequence[Bout]) -> list[tuple[int, int]]:
    """Stretches that lie in any bout; bouts that touch make one."""
    joined: list[tuple[int, int]] = []
    for bout in sorted(bouts, key=lambda bout: bout.start_frame):
        if joined and bout.start_frame <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], bout.end_frame))
        else:
            joined.append((bout.start_frame, bout.end_frame))
    return joined


def _intervals(
    name: str, description: str, ethogram: Ethogram, frames: Sequence[tuple[int, int]]
) -> Any:  # fmt: skip
    from pynwb.epoch import TimeIntervals

    table = TimeIntervals(name=name, description=description)
    for first, last in frames:
        table.add_row(start_time=ethogram.begins(first), stop_time=ethogram.begins(last + 1))
    return table


def _video(ethogram: Ethogram, place: Path) -> Any:
    """Refer to the video."""
    from pynwb.image import ImageSeries

    if ethogram.video is None or ethogram.video.is_dir():
        return None
    timing: dict[str, Any] = {"timestamps": ethogram.times}
    if ethogram.times is None:
        timing = {"rate": float(ethogram.fps), "starting_time": 0.0,
                  "num_samples": ethogram.n_frames}  # fmt: skip
    return ImageSeries(
        name="video", description=f"The video {ethogram.recording}.", unit="n.a.",
        external_file=[relative_path(ethogram.video, place.parent)], format="external",
        starting_frame=[0], **timing,
    )  # fmt: skip


def _notes(ethogram: Ethogram) -> tuple[str, ...]:
    origin = ethogram.origin
    if origin is None or origin.stated:
        return ()
    return (
        (
            f"Nobody said when {ethogram.recording} began: taken from the time of its file, "
            f"{origin.began.astimezone():%Y-%m-%d %H:%M}. If that is wrong, {SAY_WHEN}."
        ),
    )
