"""Gemini generateContent: the codec (wire-facts §2.3)."""
