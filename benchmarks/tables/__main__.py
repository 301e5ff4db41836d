"""Fill the places on all pages: ``python -m benchmarks.tables``."""

from benchmarks.tables import renew_pages

for page in renew_pages():
    print(f"renewed: {page}")
