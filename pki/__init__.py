"""What several services share: vocabulary, DER, adapters to keys, store, trust, outside view."""
