"""How well predicted grasps agree with annotated ones."""
