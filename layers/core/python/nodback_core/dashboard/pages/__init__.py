"""One file per page: read what the page shows through use cases, hand it to its template."""
