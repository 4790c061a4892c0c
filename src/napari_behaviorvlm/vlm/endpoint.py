"""Where a model is: address, name, route, and whether a key goes there."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from napari_behaviorvlm.core.errors import VLMError

OFFICIAL = "https://api.anthropic.com"


class Route(StrEnum):
    """Dialect that a server speaks."""

    MESSAGES = "messages"
    CHAT = "chat"


@dataclass(frozen=True)
class Endpoint:
    """A model on a server.

    Parameters
    ----------
    base_url : str
        Without ``/v1``, user names, or anything behind the path.
    model : str
    route : Route
    key : str, optional
        Held in memory only: not shown, not stored, not part of any hash.
    """

    base_url: str
    model: str
    route: Route = Route.MESSAGES
    key: str | None = field(default=None, repr=False, compare=False)

    @property
    def official(self) -> bool:
        """Whether this is Anthropic's own service."""
        return urlsplit(self.base_url).hostname == urlsplit(OFFICIAL).hostname

    @property
    def server(self) -> str:
        """Name of the server in sentences."""
        return urlsplit(self.base_url).netloc

    @property
    def loopback(self) -> bool:
        """Whether it runs on this machine."""
        return _address_kind(self.base_url) == "loopback"

    @property
    def free(self) -> bool:
        """Whether it runs on this machine or in this network, where nobody bills."""
        return _address_kind(self.base_url) in ("loopback", "private")


def endpoint(
    base_url: str | None, model: str, *, route: Route = Route.MESSAGES,
    key_env: str | None = None, environ: Mapping[str, str] | None = None,
) -> Endpoint:  # fmt: skip
    """Endpoint from what a user gave and what the environment holds.

    Parameters
    ----------
    base_url : str, optional
        ``ANTHROPIC_BASE_URL`` or Anthropic's own address by default.
    model : str
    route : Route
    key_env : str, optional
        Name of the variable that holds the key. By default ``ANTHROPIC_API_KEY``, and that only
        for Anthropic's own address or one from ``ANTHROPIC_BASE_URL``: a key is never sent to an
        address that it was not meant for.
    environ : mapping, optional
        The process's environment by default.

    Raises
    ------
    VLMError
        If the address is none, or the named variable is not set.
    """
    environ = os.environ if environ is None else environ
    from_environment = environ.get("ANTHROPIC_BASE_URL") or None
    address = clean_url(base_url or from_environment or OFFICIAL)
    key = None
    if key_env is not None:
        key = environ.get(key_env) or None
        if key is None:
            raise VLMError(f"The variable {key_env}, which should hold the key, is not set.")
    elif address == OFFICIAL or (from_environment and address == clean_url(from_environment)):
        key = environ.get("ANTHROPIC_API_KEY") or environ.get("ANTHROPIC_AUTH_TOKEN") or None
    return Endpoint(address, model, route, key)


def clean_url(text: str) -> str:
    """Address of a server without ``/v1...``, user, query or trailing slash.

    Raises
    ------
    VLMError
        If it is not an http(s) address.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise VLMError("The server's address is not one of the form http://host:port.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/")
    for ending in ("/messages", "/chat/completions", "/v1"):
        path = path.removesuffix(ending).rstrip("/")
    return urlunsplit((parts.scheme, host if port is None else f"{host}:{port}", path, "", ""))


def _address_kind(url: str) -> str:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return "loopback"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "private" if "." not in host else "public"
    if address.is_loopback:
        return "loopback"
    return "private" if address.is_private else "public"
