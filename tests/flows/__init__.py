"""Stories on the embedded stack, told with the real crewAI."""
