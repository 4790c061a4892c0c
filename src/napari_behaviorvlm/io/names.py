"""Matching names that people typed in two places."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from napari_behaviorvlm.core.errors import CalibrationError


def composed(name: str) -> str:
    """Return the name in Unicode's composed form (NFC); file systems differ in this."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """Return the name without differences of case, Unicode form or surrounding spaces."""
    return composed(composed(name).strip().casefold())


# From strict to lenient: a lenient rule only sees what the stricter ones left over.
_RULES: tuple[Callable[[str], str], ...] = (str, composed, folded)


def pair_names(wanted: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Pair names that are equal, or else differ only in Unicode form, case or outer spaces.

    Parameters
    ----------
    wanted, known : collection of str
        Each without repetition.

    Returns
    -------
    dict of str to str
        From ``wanted`` to ``known``, in the order of ``wanted``; names without partner are absent,
        and so are names for which several partners would do.
    """
    found: dict[str, str] = {}
    for rule in _RULES:
        left = _unique_by(rule, [name for name in wanted if name not in found])
        taken = set(found.values())
        right = _unique_by(rule, [name for name in known if name not in taken])
        found |= {name: right[key] for key, name in left.items() if key in right}
    return {name: found[name] for name in wanted if name in found}


def recognise(spellings: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Return what each spelling means, by the rules of `pair_names`; several may mean one name."""
    found: dict[str, str] = {}
    for rule in _RULES:
        meant = _unique_by(rule, list(known))
        left = [spelling for spelling in spellings if spelling not in found]
        found |= {each: meant[rule(each)] for each in left if rule(each) in meant}
    return found


def _unique_by(rule: Callable[[str], str], names: Sequence[str]) -> dict[str, str]:
    keys = [rule(name) for name in names]
    counts = Counter(keys)
    return {key: name for key, name in zip(keys, names, strict=True) if counts[key] == 1}


def match_names(
    calibration_names: Sequence[str], given_names: Sequence[str], *, what: str = "video"
) -> dict[str, str]:
    """Find the video of every calibrated camera.

    Equal names go together first; what is left is matched without regard to Unicode form, case
    and outer spaces.

    Parameters
    ----------
    calibration_names : sequence of str
        Names of the calibrated cameras.
    given_names : sequence of str
        Names that the person gave to the videos.
    what : str
        What is given, for the message ("video", "fluorescence video").

    Returns
    -------
    dict of str to str
        From calibration name to video name, in the order of the calibration.

    Raises
    ------
    CalibrationError
        If a camera has no video, a video has no camera, or several would do.
    """
    pairs = pair_names(calibration_names, given_names)
    cameras = [name for name in calibration_names if name not in pairs]
    videos = [name for name in given_names if name not in pairs.values()]
    _refuse_ambiguous(videos, cameras)
    parts = []
    if cameras:
        them = "it" if len(cameras) == 1 else "them"
        parts.append(f"the calibration has {_cameras(cameras)} but there is no {what} for {them}")
    if videos:
        parts.append(
            f"there is a {what} for {_cameras(videos)} but the calibration only knows "
            f"{', '.join(calibration_names)}"
        )
    if parts:
        sentence = "; ".join(parts)
        raise CalibrationError(f"{sentence[0].upper()}{sentence[1:]}.")
    return pairs


def _refuse_ambiguous(videos: Sequence[str], cameras: Sequence[str]) -> None:
    keys = {folded(name) for name in videos} & {folded(name) for name in cameras}
    for key in sorted(keys):
        names = [name for name in (*videos, *cameras) if folded(name) == key]
        quoted = ", ".join(repr(name) for name in dict.fromkeys(names))
        raise CalibrationError(
            f"Cameras {quoted} differ only in case or spelling, so that it is not clear which "
            "calibration belongs to which video; give them equal names."
        )


def _cameras(names: Sequence[str]) -> str:
    quoted = ", ".join(repr(name) for name in names)
    return f"camera {quoted}" if len(names) == 1 else f"cameras {quoted}"


def suggestion(name: str, known: Collection[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest known name, or the list of known names."""
    by_fold = {folded(each): each for each in known}
    close = difflib.get_close_matches(folded(name), by_fold, n=1)
    if close:
        return f" (did you mean {by_fold[close[0]]!r}?)"
    return f" (known are {', '.join(known)})" if known else ""
