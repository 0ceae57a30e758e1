"""Simulated grasp trials (SGT): whether a grasp holds, found by trying it (Depierre et al. 2018, section IV-D)."""
