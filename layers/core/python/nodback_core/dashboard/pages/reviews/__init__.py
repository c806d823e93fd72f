"""Requests for a review: opening, answering, reassigning, cancelling, deadlines and lists."""
