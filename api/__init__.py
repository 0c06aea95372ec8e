"""HTTP in, wiring, settings and the command line."""
