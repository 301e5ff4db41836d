"""``--isolate``: each arm in fresh processes, several times.

- ``parcel`` with ``travellers``: what a cell reads, packed, or the name of what cannot go;
- ``task``: what a process is asked, and what it answers;
- ``process``: one fresh interpreter, and its end whatever happens;
- ``child``: what runs in it;
- ``repetitions``: how many, in which order; ``report``: from their answers to arms.
"""
