"""Wire formats to canonical rows and back. No Django, no database, no network."""
