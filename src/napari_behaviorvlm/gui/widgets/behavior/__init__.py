"""The behaviour dock: a timeline of named bouts below the video."""
