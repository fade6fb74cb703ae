"""A person's own model on an old stack and on a new one: what changes, how grave, since when, and why."""
