"""What customers have us keep of their calls' words, and its deletion."""
