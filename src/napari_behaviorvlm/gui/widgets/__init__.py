"""Widgets of the dock and its dialogs."""
