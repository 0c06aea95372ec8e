"""The inference surfaces: one file each, all metered the same way."""
