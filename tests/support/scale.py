"""How much a property test does: a little in `make test`, a hundred times as much in `make fuzz`, from one seed."""

import os
import random

SCALE = int(os.environ.get("NODBACK_FUZZ_SCALE", "1"))
SEED = int(os.environ.get("NODBACK_FUZZ_SEED") or random.SystemRandom().randrange(1_000_000_000))


def replay_with(seed: int) -> str:
    """What to type to see the same failure again."""
    return f"replay with NODBACK_FUZZ_SEED={seed}"
