"""Deployments: their keys, settings and routing rules."""
