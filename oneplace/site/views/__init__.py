"""The site's own pages: one module a user's goal."""
