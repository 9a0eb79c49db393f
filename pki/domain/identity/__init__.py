"""Who a person is, whatever vouches for it."""
