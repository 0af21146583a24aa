"""Apps that keep a connection open and hear at once what happens, by WebSocket and by server-sent events."""
