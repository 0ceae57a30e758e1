"""What lies on the table: meshes, primitives and the shapes of pybullet_data, as rigid bodies."""
