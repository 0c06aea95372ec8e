"""The one form between two protocols: what is said, by whom, in which order."""
