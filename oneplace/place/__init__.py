"""The place: organisations, sites, practices, clusters, teams, hours, holidays and geography, all from a folder."""
