"""How results look: parts that know no medium, and one module for each medium."""
