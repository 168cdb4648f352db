"""Pages of the manual that are written from the code's own tables.

Each module here turns one table into Markdown and knows nothing of files; `portal.reference.PAGES`
says which page is written where.
"""
