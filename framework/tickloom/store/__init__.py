"""The store on disk: layout, manifest, contract indexes, commits, verification."""
