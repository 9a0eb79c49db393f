"""The running services: which objects a role is made of, and how they start and stop."""
