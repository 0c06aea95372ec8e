"""What the background process does, again and again."""
