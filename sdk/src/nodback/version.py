"""The product's name as people see it, and the version of this distribution, which the packaging metadata repeats."""

PRODUCT = "Nodback"
__version__ = "0.1.0"
