"""Load on one node, from other processes, over loopback: `make bench`. Nothing here is a test."""
