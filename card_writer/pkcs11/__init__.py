"""Cards behind a vendor's PKCS#11 module: passes, and cards that only middleware can write."""
