"""What the pages say because the code says it."""
