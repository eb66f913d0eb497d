"""oneplace runs a local health and care system: one record, one plan, one front door, one plan of the place."""

__version__ = "0.1.0"
