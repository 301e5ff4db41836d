"""What went wrong in a cell that failed: the operand, the rule, the fix."""
