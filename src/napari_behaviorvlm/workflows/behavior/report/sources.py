"""Who says what an animal does, in words that nobody takes for more than they are."""

from dataclasses import dataclass

from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.io.behavior_folder.bouts import FROM_CAPTIONS
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents

_SHORT = {
    "measured": "named by rules on speed, posture and distance, not by a model",
    "vlm": "named by a vision-language model",
    HUMAN: "made or accepted by a person",
    FROM_CAPTIONS: "merged from captions that a person wrote",
    "clusters": "a cluster without a caption",
}

_LONG = {
    "measured": (
        "named by rules on what was measured of the tracks (speed, posture, distance to others). "
        "Nobody looked at these stretches, neither a person nor a model: take such names as a "
        "beginning."
    ),
    "vlm": "named by a vision-language model that was shown frames of every clip{models}.",
    HUMAN: "made, changed or accepted by a person.",
    FROM_CAPTIONS: "merged from captions that a person wrote.",
    "clusters": "without a name: only the cluster is known.",
}


@dataclass(frozen=True)
class SourceRow:
    """Share of all labelled time, and who named it."""

    share: str
    words: str


def who(source: str) -> str:
    """Say briefly who named a bout."""
    return _SHORT.get(source, f"source: {source or 'unknown'}")


_HEADLINES = {
    "measured": "{share} of it is named by rules on the tracks; no model and no person looked.",
    "vlm": "{share} of it is named by a vision-language model.",
    HUMAN: "{share} of it was made or accepted by a person.",
    FROM_CAPTIONS: "{share} of it follows captions that a person wrote.",
    "clusters": "{share} of it has no name yet, only a cluster.",
}


def headline(contents: ReportContents) -> str:
    """Say in a sentence who named most of the time."""
    seconds = _seconds(contents)
    if not seconds:
        return "Nothing is named yet."
    source, most = max(seconds.items(), key=lambda item: item[1])
    share = most / sum(seconds.values())
    words = "All" if share == 1 else f"{100 * share:.0f} %"
    return _HEADLINES.get(source, "{share} of it comes from " + source + ".").format(share=words)


def _seconds(contents: ReportContents) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for told in contents.recordings:
        for bout in told.ethogram.bouts:
            length = bout.n_frames / told.ethogram.fps
            seconds[bout.source] = seconds.get(bout.source, 0.0) + length
    return seconds


def source_rows(contents: ReportContents) -> list[SourceRow]:
    """Who named how much of the time, the most first."""
    seconds = _seconds(contents)
    total = sum(seconds.values())
    models = f" ({', '.join(contents.models)})" if contents.models else ""
    return [
        SourceRow(f"{100 * length / total:.0f} %",
                  _LONG.get(source, f"came from {source or 'an unknown source'}.").format(
                      models=models))
        for source, length in sorted(seconds.items(), key=lambda item: -item[1])
    ]  # fmt: skip
