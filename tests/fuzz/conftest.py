"""Fuzz tests run small with all the others, and at full size with `make fuzz` (NODBACK_FUZZ_SCALE=100)."""

import os

import pytest

BATCHES = 20


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fuzz: searches for inputs that break things; NODBACK_FUZZ_SCALE sets how long")


@pytest.fixture(scope="session")
def scale() -> float:
    """How many times the small size."""
    return float(os.environ.get("NODBACK_FUZZ_SCALE", "1"))
