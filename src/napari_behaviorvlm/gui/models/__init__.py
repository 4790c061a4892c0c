"""What the dock knows: no Qt, no napari."""
