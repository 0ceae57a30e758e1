"""Training of generative grasp networks."""
