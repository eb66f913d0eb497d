"""The example place: a generator of synthetic people with writers of its own for the real formats."""
