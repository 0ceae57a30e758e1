"""Picking with a simulated robot that is already up: the session, its report and its pictures."""
