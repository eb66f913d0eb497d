"""Pages of the front door, a goal of staff a file."""
