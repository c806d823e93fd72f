"""Mail that goes out: which letter, its words, and what became of it."""
