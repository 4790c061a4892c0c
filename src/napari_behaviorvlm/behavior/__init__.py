"""From tracks and features to clips: clustering of behaviour, its segmentation and its measures."""
