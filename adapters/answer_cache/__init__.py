"""Answers that may be given again: kept for each customer apart, and replayed as they were."""
