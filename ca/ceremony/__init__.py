"""Key ceremonies as values: plan, steps, words, transcript, pages. No keys, files or terminal."""
