"""What the customer's routes answer with, as the reference shows it."""
