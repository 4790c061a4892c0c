"""The formats in which bouts leave for other tools."""

from dataclasses import dataclass
from importlib import import_module

from napari_behaviorvlm.io.ethogram.ethogram import Writer


@dataclass(frozen=True)
class EthogramFormat:
    """One format the program writes.

    Parameters
    ----------
    name : str
        As on the command line.
    title : str
        For a menu.
    description : str
        One line for people.
    ending : str
        Of its files.
    module : str
        Module of this package whose ``write`` does the work, imported when it is needed.
    whole : bool
        Whether all recordings go into one file; else every recording gets its own.
    timed : bool
        Whether it tells seconds, for which the video's own times are looked up.
    dated : bool
        Whether it cannot do without the day on which a recording was made.
    framewise : bool
        Whether it tells what is known frame by frame.
    """

    name: str
    title: str
    description: str
    ending: str
    module: str
    whole: bool = False
    timed: bool = False
    dated: bool = False
    framewise: bool = False

    @property
    def write(self) -> Writer:
        """The function that makes a file."""
        found: Writer = import_module(f"napari_behaviorvlm.io.ethogram.{self.module}").write
        return found


FORMATS: dict[str, EthogramFormat] = {
    one.name: one
    for one in (
        EthogramFormat(
            "csv", "Table (csv)",
            "one row per event: animal, first and last frame, label, description, cluster, "
            "confidence, source; a file per recording", ".csv", "csv_file",
        ),
        EthogramFormat(
            "boris", "BORIS project",
            "one observation per recording, behaviours as states that start and stop, animals as "
            "subjects", ".boris", "boris", whole=True, timed=True,
        ),
        EthogramFormat(
            "boris-csv", "BORIS table of events",
            "what BORIS exports as tabular events, for tools that read that; a file per recording",
            ".csv", "boris_table", timed=True,
        ),
        EthogramFormat(
            "nwb", "Neurodata Without Borders",
            "ndx-ethogram: a table of bouts per animal, the catalogue of behaviours, where nothing "
            "was labelled or followed; a file per recording", ".nwb", "nwb", timed=True, dated=True,
        ),
        EthogramFormat(
            "sleap", "SLEAP events",
            "events with inclusive frame ranges, type and animal, for sleap-io 0.9 and newer",
            ".slp", "sleap", whole=True,
        ),
        EthogramFormat(
            "moseq", "Frame by frame (h5)",
            "cluster, place in the clusters' space, position and heading of every animal in every "
            "frame, in the layout of keypoint-MoSeq's results.h5", ".h5", "moseq", whole=True,
            framewise=True,
        ),
    )
}  # fmt: skip
"""Every format by its name."""
