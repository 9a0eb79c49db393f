"""Verification: bytes in, verified values or typed refusals out. Knows neither SQL nor rules."""
