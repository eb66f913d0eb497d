"""Every read of the front door, a topic a file."""
