"""Exports: the books written down for other programs, whole or not at all."""
