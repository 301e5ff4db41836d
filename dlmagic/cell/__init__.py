"""A notebook cell as a function: parse, compile, run, save and restore state, compare."""
