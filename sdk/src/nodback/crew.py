"""The installed crewai: whether it is one that can be paused durably; `differences.py` has what its versions do."""

import importlib.metadata
import re

from nodback.errors import CrewAIMissing, CrewAIUnsupported
from nodback.version import PRODUCT

# `@human_feedback` and the place for a feedback provider came with this version.
OLDEST_CREWAI = (1, 8, 0)
NEXT_MAJOR = 2
# Before this version crewAI demands `llm=` wherever there is `emit=`.
LLM_OPTIONAL_FROM = (1, 10)
LLM_DEMANDED = "llm is required when emit is specified"
LLM_ADVICE = (
    "crewAI below 1.10 wants llm= in each @human_feedback with emit=. It is asked only about answers in free text. "
    "Name one, or install crewAI 1.10 or newer"
)
# Before this version crewAI prefers the decorator's live LLM over the one that a resume brings along.
RESUME_LLM_COUNTS_FROM = (1, 15, 30)


def crewai_version() -> tuple[int, ...] | None:
    """The installed version as numbers, or None; reads metadata only, since importing crewai takes seconds."""
    try:
        return version_numbers(importlib.metadata.version("crewai"))
    except importlib.metadata.PackageNotFoundError:
        return None


def version_numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    Example:
        >>> version_numbers("1.15.30"), version_numbers("1.16.0rc1")
        ((1, 15, 30), (1, 16, 0))
    """
    return tuple(int(number) for number in re.findall(r"^\d+|(?<=\.)\d+", version)[:3])


def require_crewai() -> tuple[int, ...]:
    """The installed version, which is one that Nodback supports.

    Raises:
        CrewAIMissing: with the command that installs it.
        CrewAIUnsupported: with the versions that would do.
    """
    version = crewai_version()
    supported = f">={'.'.join(map(str, OLDEST_CREWAI))},<{NEXT_MAJOR}"
    if version is None:
        raise CrewAIMissing(f"crewai is not installed in this environment: pip install 'crewai{supported}'.")
    if version < OLDEST_CREWAI or version[0] >= NEXT_MAJOR:
        raise CrewAIUnsupported(
            f"crewai {'.'.join(map(str, version))} is installed and {PRODUCT} needs {supported}: "
            f"pip install 'crewai{supported}'."
        )
    return version
