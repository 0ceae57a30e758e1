"""Learning to grasp: datasets and what is learnt from them."""
