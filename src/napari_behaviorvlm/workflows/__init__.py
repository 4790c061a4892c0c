"""Long work as generators of progress; what command line and docks both call."""
