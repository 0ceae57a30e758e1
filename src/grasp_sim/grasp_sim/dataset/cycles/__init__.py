"""Photo-like views of a scene by Blender's Cycles, in a process with a Python environment of its own."""
