"""CRLs: plan, build, verify succession, publish, serve. Must not know issuing."""
