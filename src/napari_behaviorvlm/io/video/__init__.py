"""Frame-exact reading of videos and image folders."""
