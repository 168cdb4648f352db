"""Pages. A view parses the request, calls one service or query, and renders."""
