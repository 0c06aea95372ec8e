"""Anthropic messages: the codec (wire-facts §1.5)."""
