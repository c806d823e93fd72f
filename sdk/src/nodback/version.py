"""The version of this distribution; a test holds it equal to the packaging metadata."""

__version__ = "0.1.0"
