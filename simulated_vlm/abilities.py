"""What the simulated server can do: it stands for Claude as well as for a local server."""

from dataclasses import dataclass

from napari_behaviorvlm.vlm.coordinates import Coordinates


@dataclass(frozen=True)
class Abilities:
    """Abilities of the simulated server.

    Parameters
    ----------
    models : tuple of str
    routes : tuple of str
        "messages", "chat" or both.
    schema_routes : tuple of str
        Routes on which answers are held to a schema.
    tools : bool
        Whether a forced tool is used.
    images : bool
        Whether pictures are taken; refused otherwise.
    coordinates : Coordinates
    batches : bool
    key : str, optional
        Asked for, if given.
    latency : float
        Seconds per answer.
    """

    models: tuple[str, ...] = ("simulated",)
    routes: tuple[str, ...] = ("messages", "chat")
    schema_routes: tuple[str, ...] = ("messages", "chat")
    tools: bool = True
    images: bool = True
    coordinates: Coordinates = Coordinates.PIXELS
    batches: bool = True
    key: str | None = None
    latency: float = 0.0
