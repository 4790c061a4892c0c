"""Names that every file system and every training tool accepts."""

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 80


def safe_name(name: str, fallback: str) -> str:
    """Return ``name`` in ASCII letters, digits, ``-`` and ``_`` only.

    Accents are dropped, everything else that is not allowed becomes ``-``. No dots: DeepLabCut
    takes the part before the last one as the name of the folder.

    Parameters
    ----------
    name : str
    fallback : str
        Taken where nothing remains.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")
    return cleaned[:_LONGEST] or fallback


def file_name(name: str, fallback: str) -> str:
    """Return ``name`` without what file systems refuse; letters of all languages stay.

    Parameters
    ----------
    name : str
    fallback : str
        Taken where nothing remains.
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).lstrip(".") or fallback


def unique_names(names: Iterable[str]) -> list[str]:
    """Tell names apart that are equal or differ only in case, by ``-2``, ``-3`` and so on.

    The first keeps its name, so the result depends on the order alone.
    """
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, count = name, 1
        while candidate.lower() in taken:
            count += 1
            candidate = f"{name}-{count}"
        taken.add(candidate.lower())
        result.append(candidate)
    return result
