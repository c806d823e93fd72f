"""The service: domain, ports, use cases, adapters, mail, runtime."""
