"""Plans on many machines, by a scheduler of Dask: nothing else knows Dask, and this only when asked for."""
