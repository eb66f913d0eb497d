"""Pages of the record: one module a goal of its users."""
