"""What stops the sealer."""


class SealBrokenError(Exception):
    """What was sealed before no longer matches; nothing may be signed on top of it."""
