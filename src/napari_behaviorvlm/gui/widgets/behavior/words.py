"""Bouts and clips in words, as all parts of the behaviour dock say them."""

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.time_window import clock

SOURCES: dict[str, str] = {
    "human": "decided by a person", "human caption": "named as a person captioned its clip",
    "vlm": "named by a vision-language model",
    "measured": "measured from the tracks, no model asked",
    "clusters": "cluster, not yet named", "rule": "merged by rule",
    "llm": "merged by a language model",
}  # fmt: skip


def stretch(bout: Bout, fps: float) -> str:
    """Say when a bout is: "0:11.1 – 0:12.2 (1.1 s), frames 278–304"."""
    start, end = clock(bout.start_frame / fps, 0.1), clock((bout.end_frame + 1) / fps, 0.1)
    return (
        f"{start} – {end} ({bout.n_frames / fps:.1f} s), frames {bout.start_frame}–{bout.end_frame}"
    )


def said_by(bout: Bout) -> str:
    """Say who named a bout, and how sure that is."""
    who = SOURCES.get(bout.source, bout.source)
    unknown = bout.source == "human" or bout.confidence != bout.confidence
    return who if unknown else f"{who}, confidence {bout.confidence:.2f}"


def describe(bout: Bout, fps: float) -> str:
    """Say what a bout is in a few lines."""
    lines = [
        f"{bout.animal}: {bout.label or 'unnamed'}", bout.description, stretch(bout, fps),
        said_by(bout),
    ]  # fmt: skip
    return "\n".join(line for line in lines if line)


def describe_clip(clip: Bout, fps: float) -> str:
    """Say what a clip is, and of which cluster."""
    number = f"Clip {clip.clips[0]} of cluster {clip.cluster}"
    if clip.source == "clusters":
        return f"{clip.animal}: {number}, not yet named\n{stretch(clip, fps)}"
    return f"{number}\n{describe(clip, fps)}"
