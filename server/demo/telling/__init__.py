"""How the story is told: words in two languages, layout, and the commands of foreign tools."""
