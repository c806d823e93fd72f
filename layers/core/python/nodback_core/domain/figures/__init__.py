"""Figures: counting, histograms and reports."""
