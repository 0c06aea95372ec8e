"""Traces of calls: gathered off the hot path, kept for a while, and exported where asked for."""
