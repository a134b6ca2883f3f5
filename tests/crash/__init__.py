"""What is left after `kill -9`, and after a disk that fails, at every system call of an ingest."""
