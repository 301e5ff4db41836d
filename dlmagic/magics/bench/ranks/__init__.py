"""``%%dlbench --on``: one cell on all engines at once, each of which runs this room's own engine.

Every rank makes the same decisions in the same order, since all of them rest on one shared clock;
so ranks never wait for each other at different places. See :mod:`.clock`.
"""
