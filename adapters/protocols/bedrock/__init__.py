"""Bedrock Converse: the codec (wire-facts §2.4)."""
