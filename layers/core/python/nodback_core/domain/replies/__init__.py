"""Mail that comes in: who wrote it, what it answers, and what it says."""
