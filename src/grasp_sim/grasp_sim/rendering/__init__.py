"""Pictures of a world: OpenGL or software rendering, and an RGB-D camera."""
