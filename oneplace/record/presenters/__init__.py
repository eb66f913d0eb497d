"""The record in words: what the door hands out becomes rows, dates and small pictures; templates only write them."""
