"""The HTTP API `/v1`: models, problems and routes. Only `functions/api` loads it, since pydantic is heavy."""
