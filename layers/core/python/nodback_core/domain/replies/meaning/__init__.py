"""What the visible text of a reply means: the option that it names, the words beside it, and what speaks against it."""
