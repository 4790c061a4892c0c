"""With what a behaviour folder was last run: what holds where a person says nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import JsonValue

from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.behavior.request import Captioner, Merger, WordsRequest
from napari_behaviorvlm.workflows.behavior.segmentation.request import Described, Method
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest

Choice = TypeVar("Choice")


def segment_settings(request: SegmentRequest, n_clusters: int) -> dict[str, JsonValue]:
    """Give what `last_segment` needs, and what readers of `behavior.toml` want to know."""
    places = {"encoder": request.encoder, "known": request.known}
    return {
        "method": request.method, "clusters": n_clusters, "features": request.features,
        "seed": request.seed,
        "shortest": request.clips.shortest, "longest": request.clips.longest,
        **({} if request.n_clusters is None else {"k": request.n_clusters}),
        **{name: path.absolute().as_posix() for name, path in places.items() if path is not None},
    }  # fmt: skip


def last_segment(folder: BehaviorFolder) -> SegmentRequest:
    """Give the request that a folder was last segmented with; the usual one where it never was."""
    kept = folder.config.settings.get("segment", {})
    usual = SegmentRequest()
    return replace(
        usual,
        method=_known(kept.get("method"), get_args(Method), usual.method),
        features=_known(kept.get("features"), get_args(Described), usual.features),
        n_clusters=_whole(kept.get("k")), seed=_whole(kept.get("seed")) or 0,
        encoder=_path(kept.get("encoder")), known=_path(kept.get("known")),
    )  # fmt: skip


def caption_settings(request: WordsRequest) -> dict[str, JsonValue]:
    """Give what `last_words` needs of captioning; never a key."""
    asked = request.model if request.captioner == "model" else None
    return {"captioner": request.captioner, "language": request.language, **_server(asked)}


def merge_settings(request: WordsRequest) -> dict[str, JsonValue]:
    """Give what `last_words` needs of merging; never a key."""
    asked = request.model if request.merge == "model" else None
    return {"merge": request.merge, "absorb": request.absorb, **_server(asked)}


def last_words(folder: BehaviorFolder) -> WordsRequest:
    """Give the request that clips of a folder last got their words with; no key, no budget."""
    caption, merge = (folder.config.settings.get(step, {}) for step in ("caption", "merge"))
    usual = WordsRequest()
    absorb = merge.get("absorb")
    server = caption if caption.get("captioner") == "model" else merge
    return replace(
        usual,
        captioner=_known(caption.get("captioner"), get_args(Captioner), usual.captioner),
        merge=_known(merge.get("merge"), get_args(Merger), usual.merge),
        language=_text(caption.get("language")) or usual.language,
        absorb=float(absorb) if isinstance(absorb, int | float) else usual.absorb,
        model=Settings(_text(server.get("base_url")), _text(server.get("model"))),
    )  # fmt: skip


def _server(asked: Settings | None) -> dict[str, JsonValue]:
    if asked is None:
        return {}
    told = {"base_url": asked.base_url, "model": asked.model}
    if "@" in urlsplit(asked.base_url or "").netloc:  # a name and a password
        return {}
    return {name: value for name, value in told.items() if value}


def _known(value: JsonValue, choices: tuple[Choice, ...], usual: Choice) -> Choice:
    return next((choice for choice in choices if choice == value), usual)


def _whole(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _path(value: JsonValue) -> Path | None:
    return Path(value) if isinstance(value, str) and value else None
