"""The stages from recordings to clips, each kept in the behaviour folder."""
