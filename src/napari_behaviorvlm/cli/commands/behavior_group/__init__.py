"""One module per step of `behaviorvlm behavior`."""
