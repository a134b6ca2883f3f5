"""Our own thin ASGI server: h11 and wsproto on trio."""
