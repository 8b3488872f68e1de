"""What servers have loaded, held against the files: groups of rules, and configurations."""
