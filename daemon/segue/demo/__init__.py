"""The simulated house: real sockets on loopback; imports no adapter of ours."""
