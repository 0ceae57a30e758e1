"""Ground truth for generative networks: grasp maps drawn from annotated rectangles (Prew et al. 2022, section IV-C)."""
