"""Judging as a web service: upload a file, watch it run, see every grasp (Depierre et al. 2018, section IV-D)."""
