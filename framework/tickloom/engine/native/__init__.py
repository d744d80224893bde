"""Native kernels: the C header that they include, and the building of C sources."""
