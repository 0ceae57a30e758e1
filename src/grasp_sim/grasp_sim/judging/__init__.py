"""Judging predicted grasps by simulated trials, as the web service of Depierre et al. 2018 (section IV-D) does."""
