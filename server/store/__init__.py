"""`zorgid store`: what a store is, its move to another engine, its schema."""
