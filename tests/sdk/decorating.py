"""`@human_feedback` as old versions of crewAI want it, so that the same flows are tested on all of them."""

import importlib

from nodback.crew import LLM_OPTIONAL_FROM, crewai_version

# The package exports a function of that name.
module = importlib.import_module("crewai.flow.human_feedback")
_decorate = module.human_feedback


def human_feedback(message, emit=None, llm=None, learn=False, **kwargs):
    """What authors must do below crewAI 1.10: name an LLM wherever there are options, and never `learn`."""
    return _decorate(message, emit=emit, llm=llm or ("gpt-4o-mini" if emit else None), **kwargs)


if (crewai_version() or ()) >= LLM_OPTIONAL_FROM:
    human_feedback = _decorate
module.human_feedback = human_feedback
