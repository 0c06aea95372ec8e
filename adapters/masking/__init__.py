"""Masking: what of a prompt must not leave, and giving it back in the answer."""
