"""What the front door knows, in words, a topic a file."""
