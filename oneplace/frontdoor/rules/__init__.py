"""Pure rules of the front door."""
