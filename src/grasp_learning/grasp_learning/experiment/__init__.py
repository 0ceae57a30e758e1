"""Many training runs, evaluated alike and compared in tables."""
