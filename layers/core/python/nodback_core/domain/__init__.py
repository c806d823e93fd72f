"""What Nodback is about, on the standard library alone: no clock, no environment, no randomness."""
