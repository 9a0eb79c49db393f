"""Reads OCSP, CRLs and LDAP from outside, as a relying party would. Knows no service."""
