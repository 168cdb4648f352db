"""REST, `/api/v1/`: a thin cover over the same queries and services as the pages."""
