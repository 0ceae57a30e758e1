"""A factory of Jacquard-style grasp data: scenes, images, annotations (Depierre et al. 2018, section IV)."""
