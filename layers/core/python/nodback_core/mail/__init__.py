"""Mail out: letters, their rendering and their bytes; and mail in."""
