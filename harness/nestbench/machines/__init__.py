"""Plans on many machines, by a scheduler of Dask: the only part that knows Dask, and only where it is asked for."""
