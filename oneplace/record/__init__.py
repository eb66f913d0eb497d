"""The linked record: person index, linkage, entries, documents, and the one door to a person."""
