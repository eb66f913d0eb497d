"""Words and values that every room shares: ids, NHS number, clock, canonical rows. No framework, no database."""
