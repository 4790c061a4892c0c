"""Targets of the plugin manifest; everything is imported only when napari asks for it."""

from typing import Any


def six_view_mouse() -> list[tuple[Any, dict[str, Any], str]]:
    """Layers of the sample session, for File > Open Sample."""
    from napari_behaviorvlm.gui.mosaic import six_view_mouse_layers

    return six_view_mouse_layers()
