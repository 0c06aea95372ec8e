"""What the operator's routes answer with, as the reference shows it."""
