"""One adapter per framework behind one protocol; none of them imports a framework for the user."""
