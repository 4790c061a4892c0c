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
    """

    name: str
    title: str
    description: str
    ending: str
    module: str
    whole: bool = False

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
            "confidence, source", ".csv", "csv_file",
        ),
    )
}  # fmt: skip
"""Every format by its name."""
