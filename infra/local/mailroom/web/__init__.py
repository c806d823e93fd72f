"""The mailroom's pages and its JSON API."""
