"""What can be wrong with each kind of dataset; `datasets.check` runs it."""
