"""Who may see what: users, roles, agreements, relationships and the one decision."""
