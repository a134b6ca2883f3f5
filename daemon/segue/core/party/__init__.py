"""The party domain: friends in other homes, in step to the frame.

`sync` is its mathematics, sans-IO: the server's clock, where a player is, what a player is like, and when to send
which command so that a film is at the right frame at the right moment. It knows no socket and no task; time is an
argument. The agent of a home drives one `sync.Agent` a player; the simulator drives the same code.
"""
