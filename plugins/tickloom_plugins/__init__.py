"""Built-in readers, transforms, writers and executors, registered like any plugin."""
