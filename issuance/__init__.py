"""The registration authority: who may have which card. Must not know CA keys or DER bytes."""
