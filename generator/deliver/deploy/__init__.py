"""output/ into the folder that servers read: planned, moved, reloaded, verified, rolled back."""
