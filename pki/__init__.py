"""What several services share: vocabulary, DER, and adapters to keys, store, trust and the outside view."""
