"""Fuse first, ask last: geometry names what it can, a model is asked where that leaves doubt."""
