"""Words for clips: measured from the tracks, or said by a vision-language model."""
