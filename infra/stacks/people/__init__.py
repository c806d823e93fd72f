"""People: members, sessions and signing in."""
