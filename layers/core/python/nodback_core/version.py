"""The version of the service; the changelog names it."""

VERSION = "0.1.0"
