"""Thin wrappers over pyBullet: worlds, bodies, joints, contacts. Its handles stay here and in `rendering`."""
