"""Training sets and tables for other tools, one module per format."""
