"""Skeleton files (TOML): keypoints, edges, regions, symmetric pairs. See docs/formats.md."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path

from napari_behaviorvlm.core.errors import SkeletonError
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.atomic import PathLike, atomic_write_text
from napari_behaviorvlm.io.names import composed

_KEYS = ("keypoints", "edges", "regions", "symmetric")


def read_skeleton(path: PathLike) -> Skeleton:
    """Read a skeleton.

    Names are brought to Unicode's composed form. Keys that are not ours are ignored, unless they
    look like a misspelt one of ours.

    Parameters
    ----------
    path : path

    Raises
    ------
    SkeletonError
        If the file is missing or not TOML, something has the wrong form, names repeat or an
        unknown keypoint is referred to.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return _skeleton(content)
    except OSError as problem:
        raise SkeletonError(
            f"The skeleton {path} cannot be read: {problem.strerror or problem}."
        ) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SkeletonError(f"{path} is not a skeleton file in TOML: {problem}.") from None
    except SkeletonError as problem:
        raise SkeletonError(f"{path}: {problem}") from None


def _skeleton(content: Mapping[str, object]) -> Skeleton:
    for key in content.keys() - set(_KEYS):
        meant = difflib.get_close_matches(key.lower(), _KEYS, n=1, cutoff=0.75)
        if meant and meant[0] not in content:
            raise SkeletonError(f"The key {key!r} is not known (did you mean {meant[0]!r}?).")
    if "keypoints" not in content:
        raise SkeletonError('It has no list of keypoints (keypoints = ["nose", ...]).')
    regions = content.get("regions", {})
    if not isinstance(regions, Mapping):
        raise SkeletonError('Its regions must be a table, like {ears = ["ear_L", "ear_R"]}.')
    return Skeleton(
        keypoints=_names(content["keypoints"], "keypoints"),
        edges=_pairs(content.get("edges", []), "edges"),
        regions={
            composed(name): _names(members, f"region {name!r}") for name, members in regions.items()
        },
        symmetric=_pairs(content.get("symmetric", []), "symmetric"),
    )


def _names(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise SkeletonError(f'Its {what} must be a list of names, like ["nose", "tail_base"].')
    return tuple(composed(name) for name in value)


def _pairs(value: object, what: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise SkeletonError(f'Its {what} must be a list of pairs, like [["ear_L", "ear_R"]].')
    pairs = []
    for item in value:
        if not isinstance(item, list) or len(item) != 2:
            raise SkeletonError(f'Its {what} must be a list of pairs, like [["ear_L", "ear_R"]].')
        first, second = _names(item, what)
        if first == second:
            raise SkeletonError(f"Its {what} join {first!r} with itself.")
        pairs.append((first, second))
    return tuple(pairs)


def write_skeleton(skeleton: Skeleton, path: PathLike) -> None:
    """Write a skeleton as `read_skeleton` reads it, replacing the file atomically.

    Raises
    ------
    SkeletonError
        If the file cannot be written.
    """
    import tomli_w

    content = {
        "keypoints": list(skeleton.keypoints),
        "edges": [list(edge) for edge in skeleton.edges],
        "symmetric": [list(pair) for pair in skeleton.symmetric],
        "regions": {name: list(members) for name, members in skeleton.regions.items()},
    }
    atomic_write_text(path, tomli_w.dumps(content), error=SkeletonError)
