"""Structured logs with redaction, metrics and tracing hooks. Knows no service."""
