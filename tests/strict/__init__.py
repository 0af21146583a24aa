"""Peers that forgive nothing, as pure functions: each answers with its complaints, and none means that all is well."""
