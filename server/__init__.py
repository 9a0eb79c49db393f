"""The composition root: settings become checked objects, objects processes. Nothing imports it."""
