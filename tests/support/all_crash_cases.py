"""Every case, of the main thread and of what stands around it."""

from support import crash_cases_around
from support.crash_cases import CASES

COVERED = {named.covers for named in CASES}
AROUND = crash_cases_around

__all__ = ["CASES", "COVERED"]
