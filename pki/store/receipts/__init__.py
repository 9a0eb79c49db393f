"""Receipts: when OCSP, CRLs and directories first showed a change."""
