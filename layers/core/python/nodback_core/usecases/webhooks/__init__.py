"""Webhooks and callback URLs."""
