"""Flows that wait: their saved state, and how an answer is carried back."""
