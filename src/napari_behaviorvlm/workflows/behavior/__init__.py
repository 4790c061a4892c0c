"""Behaviour, from videos to named events: whole or step by step, done only where needed."""
