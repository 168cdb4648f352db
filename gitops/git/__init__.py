"""Bare mirrors, commits made without a work tree, and pushes: the only place that runs git."""
