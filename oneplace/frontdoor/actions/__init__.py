"""Every write of the front door, a topic a file."""
