"""Lends the whole suite one private PostgreSQL server."""

pytest_plugins = ["tests.postgres"]
