"""The rules of the bill: no input or output, no clock and no randomness of its own."""
