"""Events: adjacent clips that are one behaviour, under one name; always undoable."""
