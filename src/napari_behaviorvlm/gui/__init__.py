"""The only place for napari and Qt."""
