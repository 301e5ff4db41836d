"""What runs on an engine. The notebook's own process imports none of it to do anything."""
