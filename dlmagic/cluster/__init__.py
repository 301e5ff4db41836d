"""Carrying work to engines: the only place that knows ipyparallel, and only once it is needed."""
