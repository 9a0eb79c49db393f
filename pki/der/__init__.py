"""Bytes and values: certificates, CRLs, OCSP, UZI names, OIDs. Pure: no keys, no I/O, no clock."""
