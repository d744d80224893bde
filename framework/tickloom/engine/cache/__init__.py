"""The cache of compiled kernels, owned by the host: keys, entries on disk, linking."""
