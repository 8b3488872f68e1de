"""A difference for people and programs: sentences, laid out as text, Markdown and JSON."""
