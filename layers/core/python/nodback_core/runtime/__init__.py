"""Where everything is wired: the only reader of the environment, of the clock and of randomness."""
