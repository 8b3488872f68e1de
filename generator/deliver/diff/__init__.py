"""What a change means: finished files, or what servers have loaded, compared as values."""
