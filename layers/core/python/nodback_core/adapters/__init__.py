"""The outside world: one module per service, each against its port; none imports another."""
