"""The audit trail: seals, receipts, exports and erasure."""
