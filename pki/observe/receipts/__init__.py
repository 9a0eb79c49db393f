"""Looks from outside when OCSP, CRLs and directories first show a change."""
