"""Recordings of topics as MCAP files."""
