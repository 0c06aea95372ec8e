"""The operator's catalogue file, and what is made of it."""
