"""Format ``boris``: a project of BORIS (Friard and Gamba 2016, doi:10.1111/2041-210X.12584).

One observation per recording, animals as subjects, behaviours as state events with a start and a
stop each. Times are in seconds and end where the frame after the last one begins, so that a bout
of one frame lasts as long as that frame. Layout of project format 7.0, as BORIS 8 to 10 write it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from napari_behaviorvlm.core.label_looks import LabelLooks
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram, untracked_label
from napari_behaviorvlm.io.ethogram.states import MILLISECONDS, State, edges_of, states_of

PROJECT_FORMAT = "7.0"
STATE_EVENT = "State event"
TRACKING = "tracking"
"""Category of "untracked", which is no behaviour."""

PLAYERS = 8


def write(ethograms: Sequence[Ethogram], path: Path, _place: Path) -> tuple[str, ...]:
    """Write a project.

    Parameters
    ----------
    ethograms : sequence of Ethogram
    path : Path
    """
    untracked = untracked_label(ethograms)
    states = {one.recording: states_of(one, untracked) for one in ethograms}
    used = {state.label for several in states.values() for state in several}
    tracking = [TRACKING] if untracked in used else []
    project = {
        "time_format": "hh:mm:ss",
        "project_date": observed_on(ethograms[0]),
        "project_name": path.stem,
        "project_description": "Written by napari-behaviorvlm.",
        "project_format_version": PROJECT_FORMAT,
        "subjects_conf": _subjects(ethograms),
        "behaviors_conf": _behaviours(ethograms, sorted(used - {untracked}), untracked, used),
        "observations": {
            one.recording.strip(): _observation(one, states[one.recording]) for one in ethograms
        },
        "behavioral_categories": tracking,
        "behavioral_categories_config": {str(at): {"name": name, "color": ""}
                                         for at, name in enumerate(tracking)},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }  # fmt: skip
    # BORIS opens projects in the machine's own encoding: ASCII is read the same everywhere.
    path.write_text(json.dumps(project, indent=1, ensure_ascii=True), encoding="ascii")
    return _notes(ethograms)


def _subjects(ethograms: Sequence[Ethogram]) -> dict[str, dict[str, str]]:
    animals = dict.fromkeys(animal for one in ethograms for animal in one.animals)
    animals |= dict.fromkeys(bout.animal for one in ethograms for bout in one.bouts)
    return {
        str(at): {"key": "", "name": animal, "description": ""} for at, animal in enumerate(animals)
    }


def _behaviours(
    ethograms: Sequence[Ethogram], labels: Sequence[str], untracked: str, used: set[str]
) -> dict[str, dict[str, object]]:
    definitions = {label: text for one in ethograms for label, text in one.definitions.items()}
    looks = LabelLooks()
    looks.prepare(labels)
    rows = [(label, definitions.get(label, ""), "", looks.of(label).colour) for label in labels]
    if untracked in used:
        rows.append((untracked, "The animal is not followed.", TRACKING, "#D9DEE4"))
    return {
        str(at): {
            "type": STATE_EVENT, "key": "", "code": label, "description": definition,
            "color": colour, "category": category, "modifiers": {}, "excluded": "",
            "coding map": "",
        }
        for at, (label, definition, category, colour) in enumerate(rows)
    }  # fmt: skip


def _observation(ethogram: Ethogram, states: Sequence[State]) -> dict[str, object]:
    filmed = is_filmed(ethogram)
    common: dict[str, object] = {
        "type": "MEDIA" if filmed else "LIVE",
        "date": observed_on(ethogram),
        "description": "",
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
    }
    events: list[list[object]] = [
        [edge.seconds, edge.animal, edge.label, "", edge.comment, edge.frame]
        for edge in edges_of(ethogram, states)
    ]
    if not filmed:
        live = [row[:-1] for row in events]
        return {**common, "file": {}, "media_info": {"offset": {}}, "events": live}
    video = media_path(ethogram)
    players = [str(number + 1) for number in range(PLAYERS)]
    return {
        **common,
        "file": {player: [video] if player == "1" else [] for player in players},
        "media_info": {
            "length": {video: round(ethogram.seconds, MILLISECONDS)},
            "fps": {video: ethogram.fps},
            "hasVideo": {video: True},
            "hasAudio": {video: ethogram.origin is not None and ethogram.origin.sound},
            "offset": {"1": 0.0},
            "display": {video: "Nothing"},
        },
        "events": events,
    }


def is_filmed(ethogram: Ethogram) -> bool:
    """Whether there is a video that BORIS can play; folders of images it cannot."""
    return ethogram.video is not None and not ethogram.video.is_dir()


def media_path(ethogram: Ethogram) -> str:
    """Path of the video as BORIS writes it."""
    assert ethogram.video is not None
    return ethogram.video.absolute().as_posix()


def observed_on(ethogram: Ethogram) -> str:
    """Date and time of an observation, without time zone as BORIS has them."""
    if ethogram.origin is None:
        return "2000-01-01T00:00:00"
    return ethogram.origin.began.astimezone().strftime("%Y-%m-%dT%H:%M:%S")


def _notes(ethograms: Sequence[Ethogram]) -> tuple[str, ...]:
    return tuple(
        f"{one.recording} has no video that BORIS can play: it is a live observation there."
        for one in ethograms if not is_filmed(one)
    )  # fmt: skip
