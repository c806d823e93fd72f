"""Human review for CrewAI flows."""
