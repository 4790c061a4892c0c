"""The camera views on napari's canvas: pictures, marks and the mouse."""
