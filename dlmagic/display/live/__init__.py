"""Views that change while one looks at them: anywidgets, and what stands there at their end."""
