"""The inbox under chance: whole requests, almost right, against a running node."""
