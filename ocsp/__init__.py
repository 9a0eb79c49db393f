"""The OCSP responder: request, answer, cache, HTTP. Reads status; must not know issuing."""
