"""Background model, dot detection and numbering."""
